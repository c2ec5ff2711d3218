// The worker as an editor sees it: a prompt is run, hovered, edited, re-run, compared and undone; and all of it survives a restart.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CancellationTokenSource } from 'vscode-languageserver/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as requests from '../../../server/protocol/requests'
import { runUri } from '../../../server/protocol/runUri'
import { CONTEXT_LENGTH } from './fakeEngine'
import { SETTINGS, startWorker } from './workerClient'

const promptUri = 'file:///prompts/greeting.prompt'
const text = 'one two three'
const markdown = (hover: { contents: unknown } | null): string => (hover ? (hover.contents as { value: string }).value : '')

let folder: string
let worker: Awaited<ReturnType<typeof startWorker>>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptscope-worker-'))
  worker = await startWorker(folder)
})
afterEach(async () => {
  await worker.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a run', () => {
  test('streams, ends, is listed and can be fetched whole', async () => {
    const summary = await worker.request(requests.startRun, { promptUri, text })
    expect(summary).toMatchObject({ name: 'greeting.prompt #1', status: { kind: 'done', reason: 'length' }, promptTokens: 3, generatedTokens: 5, parent: null })
    expect(worker.runChanges[0]).toMatchObject({ summary: { status: { kind: 'running' } }, text, generatedStart: 13 })
    expect(worker.runChanges.at(-1)?.summary).toEqual(summary)
    expect(await worker.request(requests.listRuns, null)).toEqual([summary])
    const run = await worker.request(requests.getRun, { runId: summary.id })
    expect(run?.text.startsWith(`${text} w`)).toBe(true)
    expect(run?.tokens).toHaveLength(8)
    expect(run).toMatchObject({ layers: [0, 1], saeLayers: [0, 1] })
    expect(Object.keys(run!)).not.toContain('features')
    expect(await worker.request(requests.getRun, { runId: 'none' })).toBeNull()
  })

  test('loads the model first, once, with progress', async () => {
    expect(worker.engine.loads).toEqual([])
    await worker.request(requests.startRun, { promptUri, text })
    await worker.request(requests.startRun, { promptUri, text })
    expect(worker.engine.loads).toHaveLength(1)
    expect(worker.modelStates.slice(0, 3).map((state) => (state.kind === 'loading' ? state.progress.message : state.kind))).toEqual(['reading the model folder', 'reading weights', 'ready'])
  })

  test('of a huge text is refused before anything is read', async () => {
    await expect(worker.request(requests.startRun, { promptUri, text: 'x'.repeat(16_000_001) })).rejects.toMatchObject({ message: 'prompt greeting.prompt has 16.1 MB, more than the 16 MB that a prompt may have; shorten it' })
    expect(worker.engine.loads).toEqual([])
  })

  test('is told of before it computes, and answers hovers while it does', async () => {
    worker.engine.hold()
    const began = worker.next(requests.runChanged, ({ summary }) => summary.generatedTokens === 1)
    const ended = worker.request(requests.startRun, { promptUri, text })
    worker.open(promptUri, text)
    worker.engine.release(1)
    const { summary, text: document } = await began
    const uri = runUri(summary)
    worker.open(uri, document!)
    expect(markdown(await worker.hover(promptUri, text, 'two'))).toContain('**token 1** of 4 · prompt')
    expect(markdown(await worker.hover(uri, document!, document!.slice(13)))).toContain('**token 3** of 4 · generated')
    worker.engine.release(9)
    expect((await ended).status.kind).toBe('done')
  })

  test('reports work-done progress to who asks for it', async () => {
    const messages = await worker.progressOf('token-1', () => worker.request(requests.startRun, { promptUri, text, workDoneToken: 'token-1' } as requests.StartRunParams))
    expect(messages).toEqual([
      'reading the model folder', 'reading weights', 'reading the prompt: 3 of 3 tokens',
      ...[1, 2, 3, 4, 5].map((count) => `generated ${count} of at most 5 tokens`), 'end',
    ])
  })

  test('can be cancelled by its id and by its request; the tokens stay', async () => {
    worker.engine.hold()
    const first = worker.request(requests.startRun, { promptUri, text })
    worker.engine.release(2)
    const { summary } = await worker.next(requests.runChanged, (change) => change.summary.generatedTokens === 2)
    await worker.request(requests.cancelRun, { runId: summary.id })
    expect(await first).toMatchObject({ status: { kind: 'cancelled' }, generatedTokens: 2 })

    const source = new CancellationTokenSource()
    const second = worker.request(requests.startRun, { promptUri, text }, source.token)
    await worker.next(requests.runChanged, (change) => change.summary.name.endsWith('#2'))
    source.cancel()
    expect((await second).status).toEqual({ kind: 'cancelled' })
  })

  test('gives way to a new run of the same prompt and is waited for by another prompt', async () => {
    worker.engine.hold()
    const first = worker.request(requests.startRun, { promptUri, text })
    await worker.next(requests.runChanged, () => true)
    const second = worker.request(requests.startRun, { promptUri, text })
    expect((await first).status).toEqual({ kind: 'cancelled' })
    const other = worker.request(requests.startRun, { promptUri: 'file:///prompts/other.prompt', text })
    await worker.next(requests.runChanged, ({ summary }) => summary.name === 'other.prompt #1')
    expect(worker.engine.generations).toHaveLength(2)
    worker.engine.release(99)
    expect((await second).status.kind).toBe('done')
    expect((await other).status.kind).toBe('done')
  })

  test('that fails is kept with its sentence and its tokens, and underlined in its prompt', async () => {
    worker.open(promptUri, text)
    worker.engine.failWith(new Error('out of memory'))
    const summary = await worker.request(requests.startRun, { promptUri, text })
    expect(summary).toMatchObject({ status: { kind: 'failed', message: 'engine stopped: out of memory' }, generatedTokens: 1 })
    const [diagnostic] = await worker.diagnostics(promptUri, (problems) => problems.length > 0)
    expect(diagnostic?.message).toBe('engine stopped: out of memory; run the prompt again; the log tells more')
    expect((await worker.request(requests.startRun, { promptUri, text })).status.kind).toBe('done')
  })

  test('of a prompt that is too long says so', async () => {
    const summary = await worker.request(requests.startRun, { promptUri, text: 'word '.repeat(CONTEXT_LENGTH + 1) })
    expect(summary.status).toEqual({ kind: 'failed', message: `prompt has 41 tokens, more than the context of ${CONTEXT_LENGTH}`, remedy: 'shorten the prompt' })
  })

  test('takes sampling from the settings and then from the prompt file', async () => {
    await worker.request(requests.settingsChanged, { ...SETTINGS, layers: [1], generate: 2, sampling: { temperature: 1, topP: 0.9, topK: 5, seed: 1 } })
    const summary = await worker.request(requests.startRun, { promptUri, text: 'seed=7 two' })
    expect(summary).toMatchObject({ generate: 2, sampling: { temperature: 1, topP: 0.9, topK: 5, seed: 7 } })
    expect((await worker.request(requests.getRun, { runId: summary.id }))?.layers).toEqual([1])
  })

  test('of a prompt that names its own model loads that one, and the next prompt loads the settings’ again', async () => {
    const model = join(folder, 'own')
    await mkdir(model)
    await writeFile(join(model, 'config.json'), '{}')
    const uri = pathToFileURL(join(folder, 'own.prompt')).href
    expect((await worker.request(requests.startRun, { promptUri: uri, text: '---\npromptscope:\n  model: ./own\n---\nhello' })).model.path).toBe(model)
    expect((await worker.request(requests.startRun, { promptUri: uri, text: '---\nmodel: googleai/gemini-2.5-flash\n---\nhello' })).model.path).toBe(SETTINGS.model)
    expect(worker.engine.loads.map(({ modelPath, saePath }) => [modelPath, saePath])).toEqual([[model, null], [SETTINGS.model, SETTINGS.sae]])
  })

  test('can be deleted and brought back', async () => {
    const { id } = await worker.request(requests.startRun, { promptUri, text })
    await worker.request(requests.deleteRun, { runId: id })
    expect(worker.runChanges.at(-1)).toMatchObject({ summary: { id }, text: null })
    expect(await worker.request(requests.listRuns, null)).toEqual([])
    expect((await worker.request(requests.restoreRun, null))?.id).toBe(id)
    expect(worker.runChanges.at(-1)?.text).toMatch(/^one two three/)
    expect(await worker.request(requests.restoreRun, null)).toBeNull()
  })
})

describe('bad input', () => {
  const rejection = async <P, R>(name: requests.RequestName<P, R>, params: P) => worker.request(name, params).then(() => null, (error: unknown) => error)
  test('rejects with one sentence and one thing to do', async () => {
    expect(await rejection(requests.startRun, { promptUri, text: ' ' })).toMatchObject({ code: requests.ERROR_INPUT, message: expect.stringMatching(/is empty; write some text/) as string, data: { remedy: 'write some text into it' } })
    expect(await rejection(requests.rerun, { runId: 'gone' })).toMatchObject({ code: requests.ERROR_INPUT, message: 'run gone does not exist; choose another run' })
    expect(await rejection(requests.addEdit, { line: 'L1' })).toMatchObject({ code: requests.ERROR_INPUT })
    expect(await worker.request(requests.listRuns, null)).toEqual([])
  })

  test('in the settings is a state that says what to do, and goes away with it', async () => {
    await worker.request(requests.settingsChanged, { ...SETTINGS, model: '/models/missing' })
    expect(await rejection(requests.loadModel, null)).toMatchObject({ code: requests.ERROR_INPUT })
    expect(await worker.request(requests.modelState, null)).toEqual({ kind: 'failed', path: '/models/missing', message: 'model folder /models/missing does not exist', remedy: 'choose another folder' })
    const ready = worker.next(requests.modelChanged, ({ kind }) => kind === 'ready')
    await worker.request(requests.settingsChanged, SETTINGS)
    await ready
    expect(await worker.request(requests.unloadModel, null)).toEqual({ kind: 'none' })
  })
})

describe('edits', () => {
  test('are added, tell everyone, apply to a re-run that names where it began anew, and are undone', async () => {
    const original = await worker.request(requests.startRun, { promptUri, text })
    const feature = (await worker.request(requests.tokenFeatures, { runId: original.id, token: 2 })).layers[0]!.features[0]!.feature
    const state = await worker.request(requests.addEdit, { line: `L0/${feature}=0` })
    expect(state).toMatchObject({ edits: [{ line: `L0/${feature} = 0`, enabled: true }], undo: `add L0/${feature} = 0` })
    expect(worker.editStates).toEqual([state])

    const rerun = await worker.request(requests.rerun, { runId: original.id })
    expect(rerun).toMatchObject({ name: 'greeting.prompt #2', parent: { runId: original.id, firstRecomputed: 1 }, sampling: original.sampling, generate: original.generate })
    expect(rerun.edits[0]).toMatchObject({ edit: `L0/${feature} = 0`, firedAt: expect.arrayContaining([2]) as number[] })
    expect(rerun.preview).not.toBe(original.preview)
    const runOfEdit = await worker.request(requests.getRun, { runId: rerun.id })
    expect(runOfEdit?.text.slice(0, runOfEdit.generatedStart)).toBe(text)

    expect(await worker.request(requests.undoEdits, null)).toMatchObject({ edits: [], undo: null })
    expect((await worker.request(requests.rerun, { runId: rerun.id })).edits).toEqual([])
  })

  test('are checked while they are typed, without a change', async () => {
    expect(await worker.request(requests.checkEdit, { line: 'L1/2 = 0' })).toBeNull()
    expect(await worker.request(requests.checkEdit, { line: 'L1/2 0' })).toMatchObject({ remedy: expect.any(String) as string })
    expect(worker.editStates).toEqual([])
  })

  test('of a re-run asked for during the run wait for it, so that the two can be compared', async () => {
    worker.engine.hold()
    const original = worker.request(requests.startRun, { promptUri, text })
    const { summary } = await worker.next(requests.runChanged, () => true)
    const rerun = worker.request(requests.rerun, { runId: summary.id })
    worker.engine.release(99)
    expect((await original).status.kind).toBe('done')
    expect((await rerun).parent?.runId).toBe(summary.id)
  })
})

describe('the editor sees', () => {
  test('tokens only while the text is the one that was run', async () => {
    worker.open(promptUri, text)
    const { id } = await worker.request(requests.startRun, { promptUri, text })
    expect(await worker.request(requests.tokenAt, { uri: promptUri, offset: 5 })).toEqual({ runId: id, index: 1 })
    worker.change(promptUri, `${text} four`)
    expect(await worker.request(requests.tokenAt, { uri: promptUri, offset: 5 })).toBeNull()
    expect((await worker.lenses(promptUri)).map(({ command }) => command?.title)).toEqual(['▶ Run', 'Debug', '5 tokens, cut at the limit · of an older text · Open run'])
    worker.change(promptUri, text)
    expect(await worker.request(requests.tokenAt, { uri: promptUri, offset: 5 })).toEqual({ runId: id, index: 1 })
  })

  test('labels in hovers, and pinned features first', async () => {
    worker.open(promptUri, text)
    await worker.request(requests.startRun, { promptUri, text })
    await worker.request(requests.setPinned, { feature: { layer: 1, feature: 1 }, pinned: true })
    const hover = await worker.hover(promptUri, text, 'two')
    expect(markdown(hover)).toMatch(/\$\(pin\)\u00a0\[L1\/1\]\(.*?\) \|.*\| everyw… \|/)
    expect(hover?.range).toEqual({ start: { line: 0, character: 3 }, end: { line: 0, character: 7 } })
  })

  test('lists a token\'s features for panels as its hover does', async () => {
    worker.open(promptUri, text)
    const { id } = await worker.request(requests.startRun, { promptUri, text })
    const hover = markdown(await worker.hover(promptUri, text, 'two'))
    const { features, measure } = await worker.request(requests.tokenFeatures, { runId: id, token: 1 })
    expect(features.length).toBeGreaterThan(0)
    expect([...hover.matchAll(/\n\| [^[]*\[(L\d+\/\d+)\]/g)].map(([, name]) => name)).toEqual(features.slice(0, 6).map(({ feature }) => `L${feature.layer}/${feature.feature}`))
    expect(hover).toMatch(measure === 'strength' ? /\| of\u00a0max/ : /\| of\u00a0layer/)
    expect(await worker.request(requests.tokenFeatures, { runId: id, token: 99 })).toMatchObject({ features: [] })
  })

  test('heat, contrast, faults and descriptions of a run', async () => {
    const { id } = await worker.request(requests.startRun, { promptUri, text })
    const heat = await worker.request(requests.featureHeat, { runId: id, feature: { layer: 1, feature: 1 } })
    expect(heat).toMatchObject({ max: 50, activations: Array(8).fill(50) as number[] })
    const [first] = await worker.request(requests.contrastFeatures, { runId: id, tokens: [7], count: 3 })
    expect(first?.meanOn).toBeGreaterThan(first!.meanOff)
    expect(await worker.request(requests.runFaults, { runId: id })).toEqual([])
    expect((await worker.request(requests.describeFeatures, { features: [{ layer: 1, feature: 1 }, { layer: 0, feature: 1 }] })).map(({ label }) => label)).toEqual(['everywhere', null])
  })

  test('a fault, and the features whose suppression makes it less likely', async () => {
    await worker.request(requests.settingsChanged, { ...SETTINGS, generate: 20 })
    const { id } = await worker.request(requests.startRun, { promptUri, text })
    expect(await worker.request(requests.runFaults, { runId: id })).toMatchObject([{ kind: 'loop' }])
    const proposals = await worker.request(requests.proposeSuppressions, { runId: id, count: 3 })
    expect(proposals.map(({ faultDrop }) => faultDrop > 0)).toEqual([true, true, true])
    await worker.request(requests.settingsChanged, { ...SETTINGS, model: '/models/other' })
    await expect(worker.request(requests.proposeSuppressions, { runId: id, count: 3 })).rejects.toMatchObject({ message: 'run greeting.prompt #1 was made with another model; run the prompt again' })
  })

  test('a fault marked in the newest run only, with its way out as a link and as a quick fix', async () => {
    await worker.request(requests.settingsChanged, { ...SETTINGS, generate: 20 })
    const openRun = async (): Promise<{ uri: string; id: string }> => {
      const summary = await worker.request(requests.startRun, { promptUri, text })
      const run = await worker.request(requests.getRun, { runId: summary.id })
      worker.open(runUri(summary), run!.text, 'promptscope-run')
      return { uri: runUri(summary), id: summary.id }
    }
    const first = await openRun()
    const found = await worker.diagnostics(first.uri, ({ length }) => length > 0)
    expect(found).toMatchObject([{ severity: 2, code: 'suggest what to suppress', message: expect.stringMatching(/^completion repeats .*; suppress what brings it about$/) as string }])
    expect(found[0]?.codeDescription?.href).toBe(`command:promptscope.suggestSuppressions?${encodeURIComponent(JSON.stringify([first.id]))}`)
    expect(await worker.codeActions(first.uri, found)).toMatchObject([
      { title: 'Suggest what to suppress', kind: 'quickfix', isPreferred: true, command: { command: 'promptscope.suggestSuppressions', arguments: [first.id] } },
    ])
    expect(await worker.codeActions(promptUri, found)).toEqual([])
    const second = await openRun()
    await worker.diagnostics(second.uri, ({ length }) => length > 0)
    expect(await worker.diagnostics(first.uri, ({ length }) => length === 0)).toEqual([])
  })

  test('which run another waits for', async () => {
    const other = 'file:///prompts/other.prompt'
    worker.engine.hold()
    const computing = worker.next(requests.runChanged, ({ summary }) => summary.generatedTokens === 1)
    const first = worker.request(requests.startRun, { promptUri, text })
    worker.engine.release(1)
    await computing
    const listed = worker.next(requests.runChanged, ({ summary }) => summary.promptUri === other)
    const second = worker.request(requests.startRun, { promptUri: other, text })
    await listed
    worker.open(other, text)
    worker.open(promptUri, text)
    const titles = async (uri: string) => (await worker.lenses(uri)).map(({ command }) => command?.title)[0]
    expect(await titles(other)).toBe('■ Cancel · waits for greeting.prompt #1')
    expect(await titles(promptUri)).toBe('■ Cancel · 1 token')
    worker.engine.release(99)
    await Promise.all([first, second])
  })

  test('a .steer file checked against the loaded SAE set, with its edits to use and to complete', async () => {
    const uri = 'file:///prompts/a.steer'
    await worker.request(requests.startRun, { promptUri, text })
    worker.open(uri, 'L0/3 = 0\nL9/1 = 0\nL0/64 = 0\nL0/\n', 'promptscope-steer')
    expect((await worker.diagnostics(uri, ({ length }) => length >= 3)).map(({ range, severity }) => [range.start.line, severity])).toEqual(expect.arrayContaining([[1, 2], [2, 2], [3, 1]]))
    expect((await worker.lenses(uri)).map(({ command }) => command?.title)).toEqual(['1 line to mend before these edits can be used'])
    worker.change(uri, 'L0/3 = 0\n\nL0/4 = 0')
    expect((await worker.lenses(uri))[0]?.command).toMatchObject({ title: 'Use these 2 edits', command: 'promptscope.importEdits', arguments: [uri] })
    worker.change(uri, 'L0/3 = 0\n\nL0/3 \nL0/3 = 0 @ ')
    expect((await worker.complete(uri, 1, 0))[0]?.label).toMatch(/^L[01]\/\d+$/)
    expect((await worker.complete(uri, 2, 5)).map(({ label }) => label)).toContain('*= 0.5')
    expect((await worker.complete(uri, 3, 11)).map(({ label }) => label)).toContain('generated')
  })
})

test('everything is still there for a second worker on the same folder', async () => {
  const run = await worker.request(requests.startRun, { promptUri, text })
  await worker.request(requests.addEdit, { line: 'L0/1 = 0' })
  await worker.request(requests.setPinned, { feature: { layer: 1, feature: 2 }, pinned: true })
  const before = [await worker.request(requests.pinsAndEdits, null), await worker.request(requests.listRuns, null), await worker.request(requests.getRun, { runId: run.id })]
  await worker.close()
  worker = await startWorker(folder)
  expect([await worker.request(requests.pinsAndEdits, null), await worker.request(requests.listRuns, null), await worker.request(requests.getRun, { runId: run.id })]).toEqual(before)
  expect((await worker.request(requests.undoEdits, null)).pins).toEqual([])
  worker.open(promptUri, text)
  expect(markdown(await worker.hover(promptUri, text, 'two'))).toContain('**token 1**')
  expect(worker.engine.loads).toEqual([])
  expect(await worker.request(requests.rerun, { runId: run.id })).toMatchObject({ name: 'greeting.prompt #2', edits: [{ edit: 'L0/1 = 0' }] })
})
