// A worker that is killed in the middle of a run: the next one on the same folder has everything, the run marked as interrupted.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as requests from '../../server/protocol/requests'
import { runUri } from '../../server/protocol/runUri'
import { bundleWorker, type WorkerProcesses } from './workerProcess'

const promptUri = 'file:///prompts/story.txt'
const text = 'one two three'
const INTERRUPTED = { kind: 'failed', message: 'run was interrupted because the worker stopped', remedy: 'run the prompt again' }

describe('with an engine that computes nothing', () => {
  let workers: WorkerProcesses
  beforeAll(async () => {
    workers = await bundleWorker({ main: 'test/faults/heldWorker.ts' })
  })
  afterAll(() => workers.remove())

  test('a killed worker loses nothing but the tokens of its last second', async () => {
    const first = await workers.start()
    await first.client.request(requests.addEdit, { line: 'L0/1 = 0' })
    await first.client.request(requests.setPinned, { feature: { layer: 0, feature: 2 }, pinned: true })
    first.client.request(requests.startRun, { promptUri, text }).catch(() => {})
    const { summary } = await first.client.next(requests.runChanged, (change) => change.summary.generatedTokens === 3)
    await workers.untilSaved((file) => file.includes('"generatedTokens":3'))
    await first.kill()

    const { client } = await workers.start()
    expect(await client.request(requests.pinsAndEdits, null)).toMatchObject({ edits: [{ line: 'L0/1 = 0' }], pins: [{ layer: 0, feature: 2 }], undo: 'pin L0/2' })
    expect((await client.request(requests.listRuns, null))[0]).toMatchObject({ id: summary.id, status: INTERRUPTED })
    const run = await client.request(requests.getRun, { runId: summary.id })
    expect(run?.text.startsWith(text)).toBe(true)
    expect(run?.tokens.map((token) => token.generated)).toEqual([false, false, false, true, true, true])
    expect((await client.request(requests.tokenFeatures, { runId: summary.id, token: 5 })).layers[0]!.features).toHaveLength(1)

    const again = client.next(requests.runChanged, (change) => change.summary.generatedTokens === 3)
    client.request(requests.rerun, { runId: summary.id }).catch(() => {})
    expect((await again).summary).toMatchObject({ name: 'story.txt #2', parent: { runId: summary.id }, edits: [{ edit: 'L0/1 = 0' }] })
  })
})

describe('the product with an engine process that is killed in the middle of a run', () => {
  let workers: WorkerProcesses
  beforeAll(async () => {
    workers = await bundleWorker({ main: 'server/main.ts', engine: 'test/faults/dyingEngine.ts' })
  })
  afterAll(() => workers.remove())

  test('says so, keeps everything else, and runs again without a new worker', async () => {
    const { client } = await workers.start({ model: '', sae: '', generate: 8 })
    await client.request(requests.setPinned, { feature: { layer: 0, feature: 2 }, pinned: true })
    const failed = client.next(requests.runChanged, (change) => change.summary.status.kind === 'failed')
    client.request(requests.startRun, { promptUri, text: 'Once' }).catch(() => {})
    expect((await failed).summary.status).toMatchObject({ message: expect.stringMatching(/^the engine stopped \(the system ended it, as it does when the .* of this machine run out\)$/) as string, remedy: expect.stringContaining('run again') as string })

    const run = await client.request(requests.startRun, { promptUri, text: 'Once' })
    expect(run).toMatchObject({ name: 'story.txt #2', status: { kind: 'done' }, generatedTokens: 8 })
    expect(await client.request(requests.pinsAndEdits, null)).toMatchObject({ pins: [{ layer: 0, feature: 2 }] })
    expect(await client.request(requests.listRuns, null)).toHaveLength(2)
  })
})

describe('the product with the demo model', () => {
  const settings = { model: '', sae: '' }
  let workers: WorkerProcesses
  beforeAll(async () => {
    workers = await bundleWorker({ main: 'server/main.ts', engine: 'server/engine/process/engineEntry.ts' })
  })
  afterAll(() => workers.remove())

  test('comes back after a kill in the middle of a run, and runs and hovers again', async () => {
    const first = await workers.start({ ...settings, generate: 4000 })
    first.client.request(requests.startRun, { promptUri, text: 'Once upon a time' }).catch(() => {})
    const { summary } = await first.client.next(requests.runChanged, (change) => change.summary.generatedTokens > 0)
    await first.kill()

    const { client } = await workers.start({ ...settings, generate: 8 })
    expect((await client.request(requests.listRuns, null))[0]).toMatchObject({ id: summary.id, status: INTERRUPTED })

    const run = await client.request(requests.startRun, { promptUri, text: 'Once upon a time' })
    expect(run).toMatchObject({ name: 'story.txt #2', status: { kind: 'done' } })
    const detail = await client.request(requests.getRun, { runId: run.id })
    const uri = runUri(run)
    client.open(uri, detail!.text)
    const hover = await client.hover(uri, detail!.text, detail!.text.slice(detail!.generatedStart))
    expect((hover!.contents as { value: string }).value).toMatch(/could stand here[\s\S]*L\d+\/\d+[\s\S]*█/)
  })

  test('says which folder is no model, in one sentence, and stays', async () => {
    const { client } = await workers.start({ ...settings, model: '/no/such/folder' })
    await expect(client.request(requests.startRun, { promptUri, text })).rejects.toMatchObject({ code: requests.ERROR_INPUT, message: expect.stringMatching(/\/no\/such\/folder.*;/) as string })
    expect(await client.request(requests.modelState, null)).toMatchObject({ kind: 'failed', path: '/no/such/folder' })
  })
})
