// A worker that is killed in the middle of a run: the next one on the same folder has everything, the run marked as interrupted.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, watch } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProtocolConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-languageserver/node'
import * as requests from '../../server/protocol/requests'
import { initialise, type WorkerClient } from '../unit/worker/workerClient'

const promptUri = 'file:///work/greeting.prompt'
const text = 'one two three'
let folder: string
let entry: string
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptscope-kill-'))
  entry = join(folder, 'heldWorker.js')
  await build({ entryPoints: [join(__dirname, 'heldWorker.ts')], outfile: entry, bundle: true, platform: 'node', format: 'cjs', target: 'node20', external: ['onnxruntime-node'] })
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

async function forkWorker(): Promise<{ readonly child: ChildProcess; readonly client: WorkerClient }> {
  const child = fork(entry, ['--node-ipc'], { stdio: 'inherit' })
  children.push(child)
  const client = await initialise(createProtocolConnection(new IPCMessageReader(child), new IPCMessageWriter(child)), join(folder, 'storage'))
  return { child, client }
}

test('a killed worker loses nothing but the tokens of its last second', async () => {
  const first = await forkWorker()
  await first.client.request(requests.addEdit, { line: 'L0/1 = 0' })
  await first.client.request(requests.setPinned, { feature: { layer: 0, feature: 2 }, pinned: true })
  const answer = first.client.request(requests.startRun, { promptUri, text }).catch(() => 'gone')
  const { summary } = await first.client.next(requests.runChanged, (change) => change.summary.generatedTokens === 3)
  await untilSaved((file) => file.includes('"generatedTokens":3'))
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = await forkWorker()
  expect(await second.client.request(requests.pinsAndEdits, null)).toMatchObject({ edits: [{ line: 'L0/1 = 0' }], pins: [{ layer: 0, feature: 2 }], undo: 'pin L0/2' })
  const [kept] = await second.client.request(requests.listRuns, null)
  expect(kept).toMatchObject({ id: summary.id, status: { kind: 'failed', message: 'run was interrupted because the worker stopped', remedy: 'run the prompt again' } })
  const run = await second.client.request(requests.getRun, { runId: summary.id })
  expect(run?.tokens.map((token) => token.generated)).toEqual([false, false, false, true, true, true])
  expect(run?.features[0]).toHaveLength(6)

  const again = second.client.next(requests.runChanged, (change) => change.summary.generatedTokens === 3)
  second.client.request(requests.rerun, { runId: summary.id }).catch(() => {})
  expect((await again).summary).toMatchObject({ name: 'greeting.prompt #2', parent: { runId: summary.id }, edits: [{ edit: 'L0/1 = 0' }] })
  void answer
}, 30_000)

/** Resolves when a run file on disk passes the test. */
function untilSaved(isThere: (file: string) => boolean): Promise<void> {
  const runs = join(folder, 'storage', 'runs')
  return new Promise((resolve) => {
    const look = (): void => {
      const files = readdirSync(runs).filter((name) => name.endsWith('.run'))
      if (!files.some((name) => isThere(readFileSync(join(runs, name), 'utf8')))) return
      watcher.close()
      resolve()
    }
    const watcher = watch(runs, look)
    look()
  })
}
