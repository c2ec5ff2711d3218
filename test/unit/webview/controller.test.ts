// Panel and host over the real channel: what the user does reaches the host once, and what the host says comes back without echoes.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError } from '../../../server/protocol/errors'
import type { PinsAndEdits, TokenFeatures } from '../../../server/protocol/requests'
import type { Call, Reply } from '../../../server/protocol/rpc'
import type { ScopeHostApi, ScopePanelApi } from '../../../server/protocol/scopePanel'
import { connectHost } from '../../../webview/host'
import { createController, type Controller } from '../../../webview/scope/controller'
import type { ScopeState } from '../../../webview/scope/state'
import { edits, layersOn, run, table, view } from './runFixture'

const FEATURE = { layer: 1, feature: 7 }
const DETAIL = run('ab', 'cd')

const LISTED: TokenFeatures = { layers: layersOn(2, table({ 0: [{}, {}, {}, {}], 1: [{}, { 7: 10 }, { 7: 4, 8: 20 }, {}] })), measure: 'strength', features: [{ feature: { layer: 1, feature: 8 }, bar: 0.5, isSuspect: true }, { feature: FEATURE, bar: 0.25, isSuspect: false }] }

let controller: Controller
let host: { [K in keyof ScopeHostApi]: ReturnType<typeof vi.fn> }
let toPanel: ScopePanelApi

/** Lets every message that is under way arrive. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const state = (): ScopeState => controller.state()

beforeEach(async () => {
  const done = () => vi.fn(async () => undefined)
  host = {
    ready: vi.fn(async () => view(DETAIL)),
    heat: vi.fn(async (runId: string, feature: typeof FEATURE) => ({ runId, feature, activations: [0, 10, 4, 0], after: null, max: 10 })),
    greatest: vi.fn(async (_runId: string, features: readonly (typeof FEATURE)[]) => features.map(({ feature }) => feature)), readLayers: done(), cancelReading: done(), showLayers: done(),
    describe: vi.fn(async (features: readonly (typeof FEATURE)[]) => features.map((feature) => ({ feature, label: 'a label', tokens: [], density: null, typicalActivation: 2, maxActivation: null }))),
    tokenFeatures: vi.fn(async () => LISTED), compareWith: done(), suggestSuppressions: done(),
    selectToken: done(), chooseFeature: done(), setPinned: done(), addEdit: done(), removeEdit: done(), undoEdits: done(), rerun: done(), cancelRun: done(), openDiff: done(), runPrompt: done(),
  }
  const listeners: { panel?: (message: Call | Reply) => void; host?: (message: Call | Reply) => void } = {}
  // Everything that crosses is copied, as between processes.
  const panelEnd = { send: (message: Call | Reply) => listeners.host?.(structuredClone(message)), receive: (listener: (message: Call | Reply) => void) => void (listeners.panel = listener) }
  const hostEnd = { send: (message: Call | Reply) => listeners.panel?.(structuredClone(message)), receive: (listener: (message: Call | Reply) => void) => void (listeners.host = listener) }
  controller = createController(() => api, null, () => undefined)
  const api = connectHost<ScopeHostApi, ScopePanelApi>(panelEnd, controller.panel)
  toPanel = connectHost<ScopePanelApi, ScopeHostApi>(hostEnd, host as unknown as ScopeHostApi)
  await controller.start()
  await settle()
})

describe('start', () => {
  it('asks the host once and shows its answer', () => {
    expect(host.ready).toHaveBeenCalledTimes(1)
    expect(state().run?.id).toBe('run-1')
  })

  it('says why when the host cannot answer', async () => {
    host.ready.mockRejectedValueOnce(new InputError('run run-1 is gone', 'run the prompt again'))
    await controller.start()
    expect(state().problem).toEqual({ message: 'run run-1 is gone', remedy: 'run the prompt again' })
  })
})

it('paints a feature again that only the panel remembers', async () => {
  const chooseFeature = vi.fn(async () => undefined)
  const restored = createController(() => ({ ...host, chooseFeature }) as unknown as ScopeHostApi, { runId: 'run-1', selectedIndex: 2, chosenFeature: FEATURE, openLayers: [1] }, () => undefined)
  await restored.start()
  expect(restored.state()).toMatchObject({ selectedIndex: 2, chosenFeature: FEATURE, openLayers: [1] })
  expect(chooseFeature).toHaveBeenCalledExactlyOnceWith(FEATURE)
})

describe('selection', () => {
  it('reaches the editor, and the editor\'s reaches the panel', async () => {
    controller.actions.selectToken(2)
    await settle()
    expect(host.selectToken).toHaveBeenCalledExactlyOnceWith('run-1', 2)
    await toPanel.selectToken('run-1', 3)
    expect(state().selectedIndex).toBe(3)
    expect(host.selectToken).toHaveBeenCalledTimes(1)
  })

  it('is about the run shown', async () => {
    await toPanel.selectToken('another run', 1)
    expect(state().selectedIndex).toBeNull()
  })

  it('does not jump back when the editor echoes a selection that is older than the newest', async () => {
    let finishFirst: (value: undefined) => void = () => undefined
    const first = new Promise<undefined>((resolve) => void (finishFirst = resolve))
    host.selectToken.mockReturnValueOnce(first)
    controller.actions.selectToken(1)
    controller.actions.selectToken(2)
    controller.actions.selectToken(3)
    await settle()
    await toPanel.selectToken('run-1', 1)
    expect(state().selectedIndex).toBe(3)
    finishFirst(undefined)
    await settle()
    // The one in between was overtaken and never sent.
    expect(host.selectToken.mock.calls).toEqual([['run-1', 1], ['run-1', 3]])
  })
})

describe('features', () => {
  it('chooses one, asks for its heat, and takes the choice back', async () => {
    controller.actions.toggleChosen(FEATURE)
    await settle()
    expect(host.chooseFeature).toHaveBeenLastCalledWith(FEATURE)
    expect(state().heat?.activations).toEqual([0, 10, 4, 0])
    controller.actions.toggleChosen(FEATURE)
    await settle()
    expect(host.chooseFeature).toHaveBeenLastCalledWith(null)
    expect(state()).toMatchObject({ chosenFeature: null, heat: null })
  })

  it('follows the feature that the editor paints without telling it back', async () => {
    await toPanel.showFeature(FEATURE)
    expect(state().chosenFeature).toEqual(FEATURE)
    expect(host.chooseFeature).not.toHaveBeenCalled()
  })

  it('asks for each description once', async () => {
    controller.actions.selectToken(2)
    await settle()
    controller.actions.selectToken(1)
    controller.actions.selectToken(2)
    await settle()
    expect(host.describe.mock.calls.flatMap(([features]) => features as unknown[])).toEqual([{ layer: 1, feature: 8 }, FEATURE])
    expect(state().descriptions['L1/8']?.label).toBe('a label')
  })
})

describe('ranking', () => {
  it('is asked for once per token and kept', async () => {
    controller.actions.selectToken(2)
    await settle()
    controller.actions.selectToken(1)
    await settle()
    controller.actions.selectToken(2)
    await settle()
    expect(host.tokenFeatures.mock.calls).toEqual([['run-1', 2], ['run-1', 1]])
    expect(state().rankings[2]?.listed).toEqual(LISTED)
  })

  it('leaves out tokens that were overtaken while an answer was under way', async () => {
    for (const index of [0, 1, 2, 3]) controller.actions.selectToken(index)
    await settle()
    expect(host.tokenFeatures.mock.calls.map(([, index]) => index as number)).toEqual([0, 3])
  })

  it('says that it is not known when the host cannot tell, and asks again with the next view', async () => {
    host.tokenFeatures.mockRejectedValueOnce(new Error('the worker restarts'))
    controller.actions.selectToken(2)
    await settle()
    expect(state()).toMatchObject({ problem: null, rankings: { 2: { listed: null } } })
    await toPanel.showView(view(DETAIL, { selectedToken: 2 }))
    await settle()
    expect(state().rankings[2]?.listed).toEqual(LISTED)
  })
})

describe('layers', () => {
  const partly = { ...DETAIL, layers: [1], saeLayers: [0, 1, 2] }
  const show = (more = {}): Promise<void> => toPanel.showView(view(partly, more))

  it('that have not been read are read when they are unfolded, pinned or chosen, once', async () => {
    await show()
    controller.actions.unfoldLayer(0, true)
    controller.actions.unfoldLayer(0, true)
    controller.actions.unfoldLayer(1, true)
    controller.actions.toggleChosen({ layer: 2, feature: 3 })
    await settle()
    expect(host.readLayers.mock.calls).toEqual([['run-1', [0], true], ['run-1', [2], true]])
    expect(host.heat).not.toHaveBeenCalled()
    await toPanel.showView(view({ ...partly, layers: [0, 1, 2] }, { chosenFeature: { layer: 2, feature: 3 } }))
    await settle()
    expect(host.heat).toHaveBeenCalledExactlyOnceWith('run-1', { layer: 2, feature: 3 })
    expect(host.readLayers).toHaveBeenCalledTimes(2)
  })

  it('of pins and open lists are read without a question where that costs no more than a moment', async () => {
    controller.actions.unfoldLayer(2, true)
    await show({ pinsAndEdits: { pins: [{ layer: 0, feature: 1 }], edits: [], undo: null } })
    await show({ pinsAndEdits: { pins: [{ layer: 0, feature: 1 }], edits: [], undo: null } })
    await settle()
    expect(host.readLayers.mock.calls).toEqual([['run-1', [2, 0], false]])
  })

  it('wait for the end of a run that goes on', async () => {
    const growing = { ...partly, status: { kind: 'running' as const } }
    await toPanel.showView(view(growing))
    controller.actions.unfoldLayer(0, true)
    await settle()
    expect(host.readLayers).not.toHaveBeenCalled()
    await show()
    await settle()
    expect(host.readLayers.mock.calls).toEqual([['run-1', [0], false]])
  })

  it('are all read, told of, and given up', async () => {
    await show()
    controller.actions.readAllLayers()
    await toPanel.showReading({ runId: 'run-1', layers: [2], done: 1, total: 2, fraction: 0.5 })
    expect(state().reading).toMatchObject({ done: 1, total: 2 })
    controller.actions.cancelReading()
    await toPanel.showReading(null)
    await settle()
    expect(host.readLayers).toHaveBeenCalledExactlyOnceWith('run-1', 'all', true)
    expect(host.cancelReading).toHaveBeenCalledExactlyOnceWith('run-1')
    expect(state().reading).toBeNull()
  })

  it('that are unfolded are told to the host, for the next run', async () => {
    expect(host.showLayers.mock.calls).toEqual([[[]]])
    controller.actions.unfoldLayer(1, true)
    await settle()
    expect(host.showLayers).toHaveBeenLastCalledWith([1])
  })
})

describe('edits', () => {
  const show = (pinsAndEdits: PinsAndEdits): Promise<void> => toPanel.showPinsAndEdits(pinsAndEdits)

  it('suppresses, and takes that back by removing the edit', async () => {
    controller.actions.toggleSuppressed(FEATURE)
    await settle()
    expect(host.addEdit).toHaveBeenCalledExactlyOnceWith('L1/7 = 0')
    await show(edits('L1/7 = 0'))
    controller.actions.toggleSuppressed(FEATURE)
    await settle()
    expect(host.removeEdit).toHaveBeenCalledExactlyOnceWith('e0')
  })

  it('boosts in units, and takes that back at zero', async () => {
    controller.actions.setBoost(FEATURE, 1.5, 2)
    await settle()
    expect(host.addEdit).toHaveBeenCalledExactlyOnceWith('L1/7 += 3')
    controller.actions.setBoost(FEATURE, 0, 2)
    await settle()
    expect(host.removeEdit).not.toHaveBeenCalled()
    await show(edits('L1/8 = 0', 'L1/7 += 3'))
    controller.actions.setBoost(FEATURE, 0, 2)
    await settle()
    expect(host.removeEdit).toHaveBeenCalledExactlyOnceWith('e1')
  })

  it('re-runs only when the edits asked for before are in force', async () => {
    let accept: (value: undefined) => void = () => undefined
    host.addEdit.mockReturnValueOnce(new Promise<undefined>((resolve) => void (accept = resolve)))
    controller.actions.setBoost(FEATURE, 1, 2)
    controller.actions.rerun()
    await settle()
    expect(state().pending).toBe('rerun')
    expect(host.rerun).not.toHaveBeenCalled()
    accept(undefined)
    await settle()
    expect(host.rerun).toHaveBeenCalledExactlyOnceWith('run-1')
  })

  it('pins and unpins', async () => {
    controller.actions.togglePinned(FEATURE)
    await settle()
    expect(host.setPinned).toHaveBeenLastCalledWith(FEATURE, true)
    await show({ pins: [FEATURE], edits: [], undo: 'pin L1/7' })
    controller.actions.togglePinned(FEATURE)
    await settle()
    expect(host.setPinned).toHaveBeenLastCalledWith(FEATURE, false)
  })

  it('shows the reason when the host refuses', async () => {
    host.addEdit.mockRejectedValueOnce(new InputError('edit "L1/7 = 0" names a layer without SAE', 'choose another layer'))
    controller.actions.toggleSuppressed(FEATURE)
    await settle()
    expect(state().problem).toEqual({ message: 'edit "L1/7 = 0" names a layer without SAE', remedy: 'choose another layer' })
  })
})

describe('runs', () => {
  it('re-runs once however often it is pressed, and can be pressed again afterwards', async () => {
    controller.actions.rerun()
    controller.actions.rerun()
    expect(state().pending).toBe('rerun')
    await settle()
    expect(host.rerun).toHaveBeenCalledExactlyOnceWith('run-1')
    expect(state().pending).toBeNull()
  })

  it('streams a re-run and asks for heat as it grows and when it ends, never twice for the same tokens', async () => {
    await toPanel.showFeature(FEATURE)
    await settle()
    host.heat.mockClear()
    const growing = { ...DETAIL, id: 'run-2', status: { kind: 'running' as const }, parent: { runId: 'run-1', firstRecomputed: 1 } }
    await toPanel.showView(view({ ...growing, tokens: DETAIL.tokens.slice(0, 2) }, { original: DETAIL, chosenFeature: FEATURE }))
    await settle()
    await toPanel.growRun({ ...growing, tokens: DETAIL.tokens.slice(0, 3) })
    await settle()
    expect(state().run?.tokens).toHaveLength(3)
    expect(host.heat).toHaveBeenCalledTimes(2)
    await toPanel.growRun({ ...growing, status: { kind: 'done', reason: 'length' } })
    await toPanel.showView(view({ ...growing, status: { kind: 'done', reason: 'length' } }, { original: DETAIL, chosenFeature: FEATURE }))
    await settle()
    expect(host.heat.mock.calls).toEqual([['run-2', FEATURE], ['run-2', FEATURE], ['run-2', FEATURE]])
  })

  it('does not call what the user cancelled a problem', async () => {
    host.rerun.mockRejectedValueOnce(Object.assign(new Error('cancelled'), { name: 'CancelledError' }))
    controller.actions.rerun()
    await settle()
    expect(state()).toMatchObject({ pending: null, problem: null })
  })

  it('passes on what to compare with, and the wish for suggestions about the run shown', async () => {
    controller.actions.compareWith('run-0')
    controller.actions.suggestSuppressions()
    await settle()
    expect(host.compareWith).toHaveBeenCalledExactlyOnceWith('run-0')
    expect(host.suggestSuppressions).toHaveBeenCalledExactlyOnceWith('run-1')
  })

  it('opens the diff only when there is something to compare with', async () => {
    controller.actions.openDiff()
    await settle()
    expect(host.openDiff).not.toHaveBeenCalled()
    await toPanel.showView(view({ ...DETAIL, id: 'run-2' }, { original: DETAIL }))
    controller.actions.openDiff()
    await settle()
    expect(host.openDiff).toHaveBeenCalledExactlyOnceWith('run-1', 'run-2')
  })
})
