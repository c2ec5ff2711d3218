// Layers in the worker: which are read while a run goes on, and how the others are read from the finished run, kept, and given up.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CancellationTokenSource } from 'vscode-languageserver/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as requests from '../../../server/protocol/requests'
import type { RunDetail, RunSummary } from '../../../server/protocol/requests'
import { LARGE_LAYERS } from './fakeEngine'
import { SETTINGS, startWorker } from './workerClient'

const promptUri = 'file:///prompts/greeting.prompt'
const text = 'one two three'
const ALL = Array.from({ length: LARGE_LAYERS }, (_, layer) => layer)
const LARGE = { model: '/models/large', sae: '/models/large-sae' }

let folder: string
let worker: Awaited<ReturnType<typeof startWorker>>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptscope-layers-'))
  worker = await startWorker(folder, LARGE)
})
afterEach(async () => {
  await worker.close()
  await rm(folder, { recursive: true, force: true })
})

const run = (): Promise<RunSummary> => worker.request(requests.startRun, { promptUri, text })
const detailOf = async ({ id }: RunSummary): Promise<RunDetail> => (await worker.request(requests.getRun, { runId: id }))!
const layersOf = async (summary: RunSummary): Promise<readonly number[]> => (await detailOf(summary)).layers
const read = ({ id }: RunSummary, layers: readonly number[] | 'all', source?: CancellationTokenSource): Promise<null> => worker.request(requests.readLayers, { runId: id, layers }, source?.token)
const layerCame = (layer: number): Promise<unknown> => worker.next(requests.layersRead, ({ layers }) => layers.includes(layer))

describe('while a run goes on', () => {
  test('a large model reads a few layers when nobody looks at any', async () => {
    expect(await detailOf(await run())).toMatchObject({ layers: [2, 4, 6], saeLayers: ALL })
  })

  test('it reads those on screen, pinned and edited', async () => {
    await worker.request(requests.layersOnScreen, { layers: [7] })
    await worker.request(requests.setPinned, { feature: { layer: 3, feature: 1 }, pinned: true })
    await worker.request(requests.addEdit, { line: 'L1/2 = 0' })
    expect(await layersOf(await run())).toEqual([1, 3, 7])
  })

  test('it reads those that the user names', async () => {
    await worker.request(requests.settingsChanged, { ...SETTINGS, ...LARGE, layers: [5, 0] })
    await worker.request(requests.layersOnScreen, { layers: [7] })
    expect(await layersOf(await run())).toEqual([0, 5])
  })

  test('a small model reads all', async () => {
    await worker.request(requests.settingsChanged, SETTINGS)
    await worker.request(requests.layersOnScreen, { layers: [1] })
    expect(await layersOf(await run())).toEqual([0, 1])
  })
})

describe('of a finished run', () => {
  test('a layer is read from its tokens, with its edits, kept, and there after a restart', async () => {
    await worker.request(requests.addEdit, { line: 'L2/3 = 0' })
    await worker.request(requests.layersOnScreen, { layers: [4] })
    const summary = await run()
    const heat = { runId: summary.id, feature: { layer: 5, feature: 1 } }
    await expect(worker.request(requests.featureHeat, heat)).rejects.toMatchObject({ message: expect.stringMatching(/^layer 5 was not read in this run; /) as string })
    await read(summary, [5])
    expect(worker.layersRead).toEqual([{ runId: summary.id, layers: [5] }])
    const detail = await detailOf(summary)
    expect(detail.layers).toEqual([2, 4, 5])
    expect(worker.engine.reads).toMatchObject([{ tokenIds: detail.tokens.map(({ id }) => id), promptLength: 3, layers: [5], top: 4, edits: [{ feature: { layer: 2, feature: 3 } }] }])
    expect((await worker.request(requests.tokenFeatures, { runId: summary.id, token: 7 })).layers.map(({ layer, features }) => [layer, features[0]?.activation])).toContainEqual([5, 6])
    expect((await worker.request(requests.featureHeat, heat)).activations).toHaveLength(8)
    // The layer knows of an outlier that no other layer showed.
    expect(detail.tokens.map(({ outlier }) => outlier)).toEqual([true, false, true, false, false, false, false, false])
    await worker.close()
    worker = await startWorker(folder, LARGE)
    expect(await detailOf(summary)).toEqual(detail)
    expect(worker.engine.loads).toEqual([])
  })

  test('all layers are read, with progress, and layers that are there are not read again', async () => {
    const summary = await run()
    const messages = await worker.progressOf('t', () => worker.request(requests.readLayers, { runId: summary.id, layers: 'all', workDoneToken: 't' } as { runId: string; layers: 'all' }))
    expect(messages).toEqual([
      'reading layers 0-1, 3, 5, 7 of the run; 0 of 5 done', 'reading layers 1, 3, 5, 7 of the run; 1 of 5 done', 'reading layers 3, 5, 7 of the run; 2 of 5 done',
      'reading layers 5, 7 of the run; 3 of 5 done', 'reading layers 7 of the run; 4 of 5 done', 'end',
    ])
    expect(await layersOf(summary)).toEqual(ALL)
    expect(worker.layersRead.flatMap(({ layers }) => layers)).toEqual([0, 1, 3, 5, 7])
    await read(summary, 'all')
    await read(summary, [3])
    expect(worker.engine.reads.map(({ layers }) => layers)).toEqual([[0, 1, 3, 5, 7]])
    while (worker.readings.at(-1) !== null) await worker.next(requests.readingChanged, (reading) => reading === null)
    expect(worker.readings[0]).toMatchObject({ runId: summary.id, done: 0, total: 5 })
  })

  test('reading gives way to a run at once and goes on after it', async () => {
    const summary = await run()
    worker.engine.hold()
    const all = read(summary, 'all')
    worker.engine.release(1)
    await layerCame(0)
    const begun = worker.next(requests.runChanged, (change) => change.summary.id !== summary.id)
    const next = run()
    await begun
    worker.engine.release(5)
    expect((await next).status).toEqual({ kind: 'done', reason: 'length' })
    expect(await layersOf(summary)).toEqual([0, 2, 4, 6])
    worker.engine.release(99)
    await all
    expect(await layersOf(summary)).toEqual(ALL)
    expect(worker.engine.reads.map(({ layers }) => layers)).toEqual([[0, 1, 3, 5, 7], [1, 3, 5, 7]])
  })

  test('what is looked at goes before what is read for later', async () => {
    const summary = await run()
    worker.engine.hold()
    const all = read(summary, 'all')
    worker.engine.release(1)
    await layerCame(0)
    const turned = worker.next(requests.readingChanged, (reading) => reading?.total === 1)
    const seven = read(summary, [7])
    await turned
    worker.engine.release(1)
    await seven
    expect(await layersOf(summary)).toEqual([0, 2, 4, 6, 7])
    worker.engine.release(99)
    await all
    expect(worker.engine.reads.map(({ layers }) => layers)).toEqual([[0, 1, 3, 5, 7], [7], [1, 3, 5]])
  })

  test('what has been read when it is cancelled is kept', async () => {
    const summary = await run()
    worker.engine.hold()
    const source = new CancellationTokenSource()
    const all = read(summary, 'all', source)
    worker.engine.release(2)
    await layerCame(1)
    source.cancel()
    await expect(all).rejects.toMatchObject({ message: 'cancelled' })
    await worker.close()
    worker = await startWorker(folder, LARGE)
    expect(await layersOf(summary)).toEqual([0, 1, 2, 4, 6])
  })

  test('whoever asked for it, reading of a run can be stopped', async () => {
    const summary = await run()
    worker.engine.hold()
    const [all, seven] = [read(summary, 'all'), read(summary, [7])].map((reading) => reading.then(() => 'read', (error: unknown) => (error as Error).message))
    await worker.next(requests.readingChanged, (reading) => reading?.total === 1)
    const none = worker.next(requests.readingChanged, (reading) => reading === null)
    await worker.request(requests.cancelReading, { runId: summary.id })
    expect(await Promise.all([all, seven])).toEqual(['cancelled', 'cancelled'])
    await none
    expect(await layersOf(summary)).toEqual([2, 4, 6])
  })

  test('two who want the same layer get it by one reading', async () => {
    const summary = await run()
    await Promise.all([read(summary, [1]), read(summary, [1]), read(summary, [1, 3])])
    expect(worker.engine.reads.flatMap(({ layers }) => layers).filter((layer) => layer === 1)).toHaveLength(1)
    expect(await layersOf(summary)).toEqual([1, 2, 3, 4, 6])
  })

  test('a run that goes on is waited for', async () => {
    worker.engine.hold()
    const begun = worker.next(requests.runChanged, ({ summary }) => summary.status.kind === 'running')
    const running = run()
    const { summary } = await begun
    const reading = read(summary, [1])
    worker.engine.release(99)
    await Promise.all([running, reading])
    expect(await layersOf(summary)).toEqual([1, 2, 4, 6])
  })

  test('a cancelled run is read as far as it came', async () => {
    worker.engine.hold()
    const running = run()
    worker.engine.release(2)
    const { summary } = await worker.next(requests.runChanged, (change) => change.summary.generatedTokens === 2)
    await worker.request(requests.cancelRun, { runId: summary.id })
    await running
    worker.engine.release(99)
    await read(summary, [1])
    expect((await worker.request(requests.featureHeat, { runId: summary.id, feature: { layer: 1, feature: 1 } })).activations).toHaveLength(5)
  })

  test('what cannot be read is refused with one thing to do', async () => {
    const summary = await run()
    const refusal = (layers: readonly number[]) => read(summary, layers).then(() => null, (error: unknown) => (error as Error).message)
    expect(await refusal([8])).toBe('layer 8 has no autoencoder in the SAE set of run greeting.prompt #1; choose from layers 0-7')
    await expect(read({ ...summary, id: 'gone' }, [1])).rejects.toMatchObject({ code: requests.ERROR_INPUT })
    await worker.request(requests.settingsChanged, { ...SETTINGS, ...LARGE, precision: 'q8' })
    expect(await refusal([1])).toBe('run greeting.prompt #1 was made with precision exact, and the model is loaded with q8; run the prompt again')
    await worker.request(requests.settingsChanged, SETTINGS)
    expect(await refusal([1])).toBe('run greeting.prompt #1 was made with another model; run the prompt again')
    expect(worker.engine.reads).toEqual([])
  })

  test('a run that is deleted meanwhile stays deleted', async () => {
    const summary = await run()
    worker.engine.hold()
    const all = read(summary, 'all')
    worker.engine.release(1)
    await layerCame(0)
    await worker.request(requests.deleteRun, { runId: summary.id })
    worker.engine.release(99)
    await expect(all).rejects.toMatchObject({ code: requests.ERROR_INPUT })
    expect(await worker.request(requests.listRuns, null)).toEqual([])
  })
})

describe('of a run that is partly read', () => {
  test('contrast, suggestions and the SAE set’s fit say what they can', async () => {
    await worker.request(requests.settingsChanged, { ...SETTINGS, ...LARGE, generate: 20 })
    const { id } = await run()
    const contrast = await worker.request(requests.contrastFeatures, { runId: id, tokens: [7], count: 50 })
    expect([...new Set(contrast.map(({ feature }) => feature.layer))].sort()).toEqual([2, 4, 6])
    const proposals = await worker.request(requests.proposeSuppressions, { runId: id, count: 3 })
    expect(proposals.every(({ feature }) => [2, 4, 6].includes(feature.layer))).toBe(true)
    expect((await worker.request(requests.checkSaeFit, { runId: id })).layers.map(({ layer }) => layer)).toEqual(ALL)
    expect(await worker.request(requests.greatestActivations, { runId: id, features: [{ layer: 2, feature: contrast[0]!.feature.feature }, { layer: 3, feature: 1 }] })).toEqual([expect.any(Number), 0])
  })

  test('a hover says so, begins to read pinned layers, and offers all', async () => {
    worker.open(promptUri, text)
    const summary = await run()
    await worker.request(requests.setPinned, { feature: { layer: 7, feature: 1 }, pinned: true })
    worker.engine.hold()
    const hover = async (): Promise<string> => ((await worker.hover(promptUri, text, 'two'))!.contents as { value: string }).value
    await hover()
    expect(await hover()).toContain('reading\u00a0layer\u00a07…')
    expect(await hover()).toMatch(/layers 2, 4, 6 of 8: \[Read all\]\(command:promptscope.readAllLayers\?/)
    // What the user stops is not begun again by the next hover.
    await worker.request(requests.cancelReading, { runId: summary.id })
    await hover()
    expect(await hover()).toContain('layer\u00a07\u00a0not\u00a0read')
    const came = layerCame(7)
    void read(summary, [7])
    worker.engine.release(9)
    await came
    expect(await hover()).not.toContain('layer\u00a07')
    expect(await layersOf(summary)).toEqual([2, 4, 6, 7])
    expect(worker.engine.reads.map(({ layers }) => layers)).toContainEqual([7])
  })
})
