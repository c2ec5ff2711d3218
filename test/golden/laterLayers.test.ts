// The product with the demo model: a layer that is read after a run, or while a branch stands in the debugger, says what a run itself would have said, with edits and without.
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as requests from '../../server/protocol/requests'
import type { LayerFeatures } from '../../server/protocol/requests'
import type { FeatureActivation } from '../../server/protocol/values'
import { bundleWorker, type WorkerProcess, type WorkerProcesses } from '../faults/workerProcess'
import { dapClient } from '../unit/debug/dap/client'
import { SETTINGS, type WorkerClient } from '../unit/worker/workerClient'

const DEMO = { model: '', sae: '', generate: 12 }
const promptUri = 'file:///prompts/story.txt'
const text = 'Once upon a time there was a sky. Why was it blue?'

let workers: WorkerProcesses
beforeAll(async () => {
  workers = await bundleWorker({ main: 'server/main.ts', engine: 'server/engine/process/engineEntry.ts' })
})
afterAll(() => workers.remove())

/** All layers of every token, from a run that reads `live` while it goes on and the others afterwards. */
async function everything({ client }: WorkerProcess, live: readonly number[]): Promise<{ readonly tokens: readonly requests.RunToken[]; readonly layers: readonly (readonly LayerFeatures[])[] }> {
  await client.request(requests.settingsChanged, { ...SETTINGS, ...DEMO, layers: live })
  const { id } = await client.request(requests.startRun, { promptUri, text })
  return everythingOf(client, id)
}

async function everythingOf(client: WorkerClient, id: string): ReturnType<typeof everything> {
  await client.request(requests.readLayers, { runId: id, layers: 'all' })
  const { tokens, layers } = (await client.request(requests.getRun, { runId: id }))!
  expect(layers).toEqual([0, 1, 2, 3, 4, 5])
  return { tokens, layers: await Promise.all(tokens.map(async ({ index }) => (await client.request(requests.tokenFeatures, { runId: id, token: index })).layers)) }
}

it.each([[[]], [['L2/5 += 30', 'L4/9 = 3 @ generated']]])('with the edits %j', async (lines) => {
  const worker = await workers.start(DEMO)
  for (const line of lines) await worker.client.request(requests.addEdit, { line })
  const atOnce = await everything(worker, [0, 1, 2, 3, 4, 5])
  const later = await everything(worker, [1])
  expectAlike(later, atOnce)

  const { path } = await worker.client.request(requests.openDebugPipe, null)
  const socket = connect(path)
  const session = dapClient(socket, socket)
  await session.start({ text, stopAtEnd: true, stopOnEntry: true })
  await session.event('stopped')
  const branch = (await worker.client.request(requests.listRuns, null))[0]!
  await worker.client.request(requests.readLayers, { runId: branch.id, layers: [2] })
  await session.move('continue', 1)
  expectAlike(await everythingOf(worker.client, branch.id), atOnce)
  const likely = ({ tokens }: Pick<requests.RunDetail, 'tokens'>): unknown[] => tokens.map(({ logprob, alternatives }) => [logprob?.toFixed(3), alternatives.slice(0, 3).map(({ text: word }) => word)])
  await expect.poll(async () => likely((await worker.client.request(requests.getRun, { runId: branch.id }))!), { timeout: 20_000 }).toEqual(likely(atOnce))
  await session.request('disconnect')
  await worker.client.request(requests.clearEdits, null)
  await worker.kill()
})

type Everything = Awaited<ReturnType<typeof everything>>

function expectAlike(later: Everything, atOnce: Everything): void {
  expect(later.tokens.map(({ id, outlier }) => [id, outlier])).toEqual(atOnce.tokens.map(({ id, outlier }) => [id, outlier]))
  later.layers.forEach((layers, token) => layers.forEach(({ layer, features, after }, place) => {
    const expected = atOnce.layers[token]![place]!
    expectSame(features, expected.features, `L${layer} on token ${token}`)
    expect(after === null, `L${layer} is edited`).toBe(expected.after === null)
    if (after) expectSame(after, expected.after!, `L${layer} on token ${token} after the edits`)
  }))
}

/** The strongest, because those at the end of a top-k may change places in the last digits. */
function expectSame(found: readonly FeatureActivation[], expected: readonly FeatureActivation[], where: string): void {
  const known = new Map(expected.map(({ feature, activation }) => [feature, activation]))
  for (const { feature, activation } of found.slice(0, 8)) expect(activation, `feature ${feature} of ${where}`).toBeCloseTo(known.get(feature) ?? 0, 3)
  expect(Math.abs(found.length - expected.length)).toBeLessThanOrEqual(1)
}
