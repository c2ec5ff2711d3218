// Precisions as the editor asks the worker about them, on a tiny checkpoint: what they take and cost, and what they keep on disk.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { createEngineCore } from '../../../server/engine/engineCore'
import * as requests from '../../../server/protocol/requests'
import { createQuantisedStore } from '../../../server/worker/quantisedStore'
import { readPrecisionChoices } from '../../../server/worker/readPrecisionChoices'
import { fakeParts, SETTINGS, startWorker } from './workerClient'
import { createFakeEngine } from './fakeEngine'

const GOLDEN = join(import.meta.dirname, '../../golden/tied')
const location = { modelPath: join(GOLDEN, 'model'), saePath: join(GOLDEN, 'sae') }

let folder: string
let usual: string | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptscope-precisions-'))
  usual = process.env['PROMPTSCOPE_CACHE']
  process.env['PROMPTSCOPE_CACHE'] = folder
})
afterEach(async () => {
  process.env['PROMPTSCOPE_CACHE'] = usual
  await rm(folder, { recursive: true, force: true })
})

/** A worker with a real engine and what it keeps on disk in a folder of its own. */
function startComputingWorker(settings: Partial<requests.WorkerSettings>) {
  const store = createQuantisedStore()
  const { precisions } = fakeParts(createFakeEngine())
  return startWorker(null, settings, {
    engine: createEngineCore(),
    locateModel: async () => location,
    precisions: { ...precisions, store, choices: (of) => readPrecisionChoices(of, store), openExactEngine: createEngineCore },
  })
}

describe('a rounded model', () => {
  test('is measured, shows the cost, and keeps it with its weights until they are deleted', async () => {
    const worker = await startComputingWorker({ precision: 'q8' })
    const before = await worker.request(requests.loadModel, null)
    expect(before).toMatchObject({ kind: 'ready', model: { precision: 'q8' }, quantised: { cost: null } })
    const told = worker.next(requests.modelChanged, (state) => state.kind === 'ready' && state.quantised?.cost !== null)
    const cost = await worker.request(requests.measurePrecision, null)
    expect(cost).toMatchObject({ precision: 'q8', sae: location.saePath, features: [{ layer: 0 }, { layer: 1 }, { layer: 2 }] })
    expect(await told).toMatchObject({ quantised: { cost } })

    const choices = await worker.request(requests.precisionChoices, null)
    expect(choices).toMatchObject({ auto: 'exact', fits: [{ precision: 'exact', stored: null }, { precision: 'q8', stored: { cost } }, { precision: 'q4', stored: null }] })
    const { entries } = await worker.request(requests.listQuantised, null)
    const weights = entries.filter(({ kind }) => kind === 'weights')
    expect(weights).toMatchObject([{ model: location.modelPath, precision: 'q8', isComplete: true, cost }])
    const folders = weights.map((entry) => entry.folder)
    expect(await worker.request(requests.verifyQuantised, { folder: folders[0]! })).toBe(true)

    await expect(worker.request(requests.removeQuantised, { folders })).rejects.toMatchObject({ message: expect.stringContaining('are in use; unload the model first') as string })
    await worker.request(requests.unloadModel, null)
    expect((await worker.request(requests.removeQuantised, { folders })).bytes).toBeGreaterThan(0)
    expect((await worker.request(requests.listQuantised, null)).entries.filter(({ kind }) => kind === 'weights')).toEqual([])
    await worker.close()
  })

  test('makes room below the limit, but keeps what is loaded', async () => {
    const worker = await startComputingWorker({ precision: 'q4', cacheLimitBytes: 1 })
    await worker.request(requests.loadModel, null)
    await worker.request(requests.settingsChanged, { ...SETTINGS, precision: 'q8', cacheLimitBytes: 1 })
    await worker.request(requests.loadModel, null)
    const { entries } = await worker.request(requests.listQuantised, null)
    expect(entries.filter(({ kind }) => kind === 'weights').map(({ precision }) => precision)).toEqual(['q8'])
    await worker.close()
  })
})

test('there is nothing to measure without a model, or of one that computes from the stored weights', async () => {
  const worker = await startWorker()
  await expect(worker.request(requests.measurePrecision, null)).rejects.toMatchObject({ message: 'no model is loaded; load one first' })
  await worker.request(requests.loadModel, null)
  await expect(worker.request(requests.measurePrecision, null)).rejects.toMatchObject({ message: 'precision exact computes from the stored weights and costs nothing; choose q8 or q4' })
  await worker.close()
})

test('auto is resolved when the model is loaded, and stays while it is', async () => {
  const worker = await startWorker(null, { precision: 'auto' })
  expect(await worker.request(requests.loadModel, null)).toMatchObject({ kind: 'ready', model: { precision: 'q8' } })
  await worker.request(requests.loadModel, null)
  expect(worker.engine.loads.map(({ precision }) => precision)).toEqual(['q8'])
  await worker.close()
})

test('models that were found say what lies on disk for them', async () => {
  const store = createQuantisedStore()
  const checkpoint = await openCheckpoint(location.modelPath)
  const { fits } = await readPrecisionChoices(location, store)
  expect(fits.map(({ stored }) => stored)).toEqual([null, null, null])
  const listing = { path: checkpoint.path, problem: null, saeSets: [], precisions: fits } as unknown as requests.ModelListing
  const engine = createEngineCore()
  const { weightsCache } = await engine.load({ ...location, precision: 'q4', providers: [], threads: 1 }, () => {}, new AbortController().signal)
  await engine.dispose()
  const [found] = await store.listingsWithStored([listing])
  expect(found!.precisions.map(({ stored }) => stored)).toEqual([null, null, { bytes: expect.closeTo(weightsCache!.bytes, -5) as number, cost: null }])
})
