// Debug sessions of the worker over their private pipes: branches are runs while they stand, and stay when the engine, the client or the worker ends.
import { connect } from 'node:net'
import { once } from 'node:events'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as requests from '../../server/protocol/requests'
import { dapClient, type DapClient } from '../unit/debug/dap/client'
import { bundleWorker, type WorkerProcess, type WorkerProcesses } from './workerProcess'

const RUN = { text: 'The weather today', generate: 12, temperature: 0.8, seed: 3, stopAtEnd: true, stopOnEntry: true }

let workers: WorkerProcesses
let worker: WorkerProcess
beforeAll(async () => {
  workers = await bundleWorker({ main: 'server/main.ts', engine: 'server/engine/process/engineEntry.ts' })
  worker = await workers.start({ model: '', sae: '', generate: 12 })
})
afterAll(() => workers.remove())

type Session = DapClient & { hangUp(): void }

/** A session that stands on its first token. */
async function start(launch: object = RUN): Promise<Session> {
  const { path } = await worker.client.request(requests.openDebugPipe, null)
  const socket = connect(path)
  await once(socket, 'connect')
  const client = dapClient(socket, socket)
  const { success, message } = await client.start(launch)
  if (!success) throw new Error(message)
  await client.event('stopped')
  return { ...client, hangUp: () => socket.destroy() }
}

const list = (): Promise<readonly requests.RunSummary[]> => worker.client.request(requests.listRuns, null)
const newest = async (): Promise<requests.RunSummary> => (await list())[0]!
const detail = async (runId: string): Promise<requests.RunDetail> => (await worker.client.request(requests.getRun, { runId }))!
const untilRun = (runId: string, test: (run: requests.RunSummary) => boolean): Promise<unknown> => worker.client.next(requests.runChanged, ({ summary }) => summary.id === runId && test(summary))
const ids = (run: requests.RunDetail): number[] => run.tokens.map(({ id }) => id)

describe('a session', () => {
  test('is a run that grows, stands, can be read and named, and ends as it stood', async () => {
    const session = await start()
    for (let step = 0; step < 5; step++) await session.move('next', 1)
    const run = await newest()
    expect(run).toMatchObject({ name: 'text #1', status: { kind: 'paused' }, promptTokens: 3, generatedTokens: 3 })
    await worker.client.request(requests.readLayers, { runId: run.id, layers: 'all' })
    expect((await detail(run.id)).layers).toEqual([0, 1, 2, 3, 4, 5])
    expect((await worker.client.request(requests.tokenFeatures, { runId: run.id, token: 5 })).features.length).toBeGreaterThan(0)

    await session.request('promptscope/nameBranch', { threadId: 1, name: 'the weather' })
    expect((await newest()).name).toBe('the weather')
    await expect(worker.client.request(requests.deleteRun, { runId: run.id })).rejects.toThrow('run the weather is being debugged')
    const ended = untilRun(run.id, ({ status }) => status.kind === 'cancelled')
    await session.request('disconnect')
    await ended
    expect(await newest()).toMatchObject({ id: run.id, name: 'the weather', status: { kind: 'cancelled' } })
  })

  test('and another at once, and a run of the prompt between: each has the tokens that it has alone', async () => {
    const [first, second] = [await start(), await start()]
    const [b, a] = await list()
    await Promise.all([first.move('continue', 1), second.move('next', 1)])
    const between = await worker.client.request(requests.startRun, { promptUri: 'file:///prompts/weather.txt', text: 'The weather today' })
    expect(between.status).toEqual({ kind: 'done', reason: 'length' })
    await second.move('continue', 1)
    expect(await detail(a!.id)).toMatchObject({ status: { kind: 'done' }, generatedTokens: 12 })
    expect(ids(await detail(b!.id))).toEqual(ids(await detail(a!.id)))
    await Promise.all([first.request('disconnect'), second.request('disconnect')])
  })

  test('whose client vanishes leaves its branches', async () => {
    const session = await start()
    await session.move('next', 1)
    const run = await newest()
    const ended = untilRun(run.id, ({ status }) => status.kind === 'cancelled')
    session.hangUp()
    await ended
  })

  test('ends when another model is loaded, with the reason', async () => {
    const session = await start()
    const run = await newest()
    const failed = untilRun(run.id, ({ status }) => status.kind === 'failed')
    await worker.client.request(requests.unloadModel, null)
    await failed
    expect(await session.event('exited')).toEqual({ exitCode: 1 })
    await session.event('terminated')
    expect((await newest()).status).toEqual({ kind: 'failed', message: 'model was changed under the debug session', remedy: 'start the session again' })
    await session.request('disconnect')
  })

  test('ends when the engine dies while it stands; branches keep tokens and edits, and the next session works', async () => {
    const session = await start({ ...RUN, edits: ['L2/5 = 3'] })
    for (let step = 0; step < 4; step++) await session.move('next', 1)
    const run = await newest()
    const failed = untilRun(run.id, ({ status }) => status.kind === 'failed')
    const { stdout } = await promisify(execFile)('pgrep', ['-P', String(worker.id)])
    process.kill(Number(stdout), 'SIGKILL')
    expect(await session.event('exited')).toEqual({ exitCode: 1 })
    await failed
    expect(await detail(run.id)).toMatchObject({ status: { kind: 'failed', message: expect.stringMatching(/^the engine stopped/) as string }, generatedTokens: 2, edits: [{ edit: 'L2/5 = 3' }] })
    await session.request('disconnect')

    const next = await start()
    await next.move('continue', 1)
    expect((await newest()).status).toEqual({ kind: 'done', reason: 'length' })
    await next.request('disconnect')
  })
})

test('a worker that is killed leaves the branches of its sessions', async () => {
  const session = await start({ ...RUN, edits: ['L2/5 = 3'] })
  for (let step = 0; step < 5; step++) await session.move('next', 1)
  await session.move('stepBack', 1)
  const [frame] = await session.stack(1)
  const { scopes } = await session.request<{ scopes: { name: string; variablesReference: number }[] }>('scopes', { frameId: frame!.id })
  const features = scopes.find(({ name }) => name === 'Features')!.variablesReference
  const [feature] = await session.variables(features)
  await session.request('setVariable', { variablesReference: features, name: feature!.name, value: 'suppress' })
  expect(await session.event('stopped')).toMatchObject({ threadId: 2 })
  await session.move('next', 2)
  const [fork, parent] = await list()
  expect([fork, parent]).toMatchObject([{ parent: { runId: parent!.id }, name: `${parent!.name}.2`, status: { kind: 'paused' } }, { parent: null, status: { kind: 'paused' } }])
  const before = [await detail(fork!.id), await detail(parent!.id)]
  await workers.untilSaved((file) => file.includes(fork!.id) && file.includes(`"generatedTokens":${fork!.generatedTokens}`) && file.includes('"kind":"paused"'))
  await worker.kill()

  worker = await workers.start({ model: '', sae: '', generate: 12 })
  for (const run of before) {
    const after = await detail(run.id)
    expect(after.status).toEqual({ kind: 'failed', message: 'debug session was interrupted because the worker stopped', remedy: 'start it again' })
    expect([ids(after), after.edits, after.name]).toEqual([ids(run), run.edits, run.name])
  }
})

test('a shutdown of the worker ends its sessions', async () => {
  const session = await start()
  const run = await newest()
  await worker.client.close()
  worker = await workers.start({ model: '', sae: '' })
  expect((await detail(run.id)).status).toEqual({ kind: 'cancelled' })
  await expect(session.event('never')).rejects.toThrow('adapter has gone')
})
