// The Scope panel's state: runs that grow, re-runs, selection, the chosen feature, edits, and what is remembered.
import { describe, expect, it } from 'vitest'
import { INITIAL_STATE, nextState, readSavedScope, savedScope, type ScopeEvent, type ScopeState } from '../../../webview/scope/state'
import { selectedToken } from '../../../webview/scope/selectors'
import { edits, run, view } from './runFixture'

const FEATURE = { layer: 1, feature: 7 }

function after(...events: readonly ScopeEvent[]): ScopeState {
  return events.reduce(nextState, INITIAL_STATE)
}

describe('runs', () => {
  it('shows what the host shows', () => {
    const shown = run('ab', 'cd')
    expect(after({ kind: 'viewShown', view: view(shown, { selectedToken: 2, chosenFeature: FEATURE }) })).toMatchObject({ loaded: true, run: shown, selectedIndex: 2, chosenFeature: FEATURE })
  })

  it('grows the run it shows and no other', () => {
    const start = after({ kind: 'viewShown', view: view(run('ab', '', { status: { kind: 'running' } })) })
    expect(nextState(start, { kind: 'runGrew', run: run('ab', 'c') }).run?.tokens).toHaveLength(3)
    expect(nextState(start, { kind: 'runGrew', run: run('ab', 'c', { id: 'another' }) })).toBe(start)
  })

  it('keeps the selected token when the same prompt is run again, also before the token exists', () => {
    const first = after({ kind: 'viewShown', view: view(run('ab', 'cd'), { selectedToken: 3 }) })
    // A run that has just begun has no tokens at all, not even those of the prompt.
    const again = run('', '', { id: 'run-2', parent: { runId: 'run-1', firstRecomputed: 0 } })
    const started = nextState(first, { kind: 'viewShown', view: view(again) })
    expect(started.selectedIndex).toBe(3)
    expect(selectedToken(started)).toBeNull()
    expect(selectedToken(nextState(started, { kind: 'runGrew', run: { ...run('ab', 'xy'), id: 'run-2' } }))?.text).toBe('y')
  })

  it('keeps it when the prompt is run once more and reads the same', () => {
    const first = after({ kind: 'viewShown', view: view(run('ab', 'cd'), { selectedToken: 3 }) })
    expect(nextState(first, { kind: 'viewShown', view: view(run('ab', 'cd', { id: 'run-2' })) }).selectedIndex).toBe(3)
    expect(nextState(first, { kind: 'viewShown', view: view(run('ax', 'cd', { id: 'run-2' })) }).selectedIndex).toBeNull()
  })

  it('forgets the selected token when another prompt is shown', () => {
    const first = after({ kind: 'viewShown', view: view(run('ab', 'cd'), { selectedToken: 3 }) })
    expect(nextState(first, { kind: 'viewShown', view: view(run('xyz', 'cd', { id: 'run-2', promptUri: 'file:///other.prompt' })) }).selectedIndex).toBeNull()
  })

  it('goes back to the empty state when the run is gone', () => {
    expect(after({ kind: 'viewShown', view: view(run('ab', 'cd')) }, { kind: 'viewShown', view: view(null) }).run).toBeNull()
  })
})

describe('selection and the chosen feature', () => {
  it('answers with the same object when nothing changes', () => {
    const state = after({ kind: 'viewShown', view: view(run('ab', 'c'), { selectedToken: 1, chosenFeature: FEATURE }) })
    expect(nextState(state, { kind: 'tokenSelected', index: 1 })).toBe(state)
    expect(nextState(state, { kind: 'featureChosen', feature: { ...FEATURE } })).toBe(state)
  })

  it('takes heat only for the run and the feature that are shown', () => {
    const state = after({ kind: 'viewShown', view: view(run('ab', 'c'), { chosenFeature: FEATURE }) })
    const heat = { runId: 'run-1', feature: FEATURE, activations: [0, 1, 2], after: null, max: 2 }
    expect(nextState(state, { kind: 'heatArrived', heat }).heat).toBe(heat)
    expect(nextState(state, { kind: 'heatArrived', heat: { ...heat, runId: 'old' } })).toBe(state)
    expect(nextState(state, { kind: 'heatArrived', heat: { ...heat, feature: { layer: 0, feature: 7 } } })).toBe(state)
    expect(after({ kind: 'viewShown', view: view(run('ab', 'c'), { chosenFeature: FEATURE }) }, { kind: 'heatArrived', heat }, { kind: 'featureChosen', feature: null }).heat).toBeNull()
  })
})

describe('edits, layers and problems', () => {
  it('takes over the host\'s list of edits', () => {
    expect(after({ kind: 'editsChanged', pinsAndEdits: edits('L1/7 = 0') }).pinsAndEdits.edits.map(({ line }) => line)).toEqual(['L1/7 = 0'])
  })

  it('unfolds and folds layers', () => {
    const open = after({ kind: 'layerUnfolded', layer: 1, open: true }, { kind: 'layerUnfolded', layer: 1, open: true }, { kind: 'layerUnfolded', layer: 0, open: true })
    expect(open.openLayers).toEqual([1, 0])
    expect(nextState(open, { kind: 'layerUnfolded', layer: 1, open: false }).openLayers).toEqual([0])
  })

  it('shows a problem until it is dismissed or something new is asked', () => {
    const problem = { message: 'edit "L9/1 = 0" names layer 9', remedy: 'choose a layer below 6' }
    const failed = after({ kind: 'requestStarted', request: 'rerun' }, { kind: 'requestEnded', problem })
    expect(failed).toMatchObject({ pending: null, problem })
    expect(nextState(failed, { kind: 'problemDismissed' }).problem).toBeNull()
    expect(nextState(failed, { kind: 'requestStarted', request: 'rerun' })).toMatchObject({ pending: 'rerun', problem: null })
  })
})

describe('what is remembered while the panel is hidden', () => {
  const before = after({ kind: 'viewShown', view: view(run('ab', 'cd'), { selectedToken: 3, chosenFeature: FEATURE }) }, { kind: 'layerUnfolded', layer: 1, open: true })
  const saved = readSavedScope(JSON.parse(JSON.stringify(savedScope(before))))

  it('comes back where the host is silent', () => {
    expect(after({ kind: 'viewShown', view: view(run('ab', 'cd')), saved })).toMatchObject({ selectedIndex: 3, chosenFeature: FEATURE, openLayers: [1] })
  })

  it('comes back on the re-run that was made meanwhile', () => {
    const again = run('ab', 'xy', { id: 'run-2', parent: { runId: 'run-1', firstRecomputed: 2 } })
    expect(after({ kind: 'viewShown', view: view(again), saved })).toMatchObject({ selectedIndex: 3, chosenFeature: FEATURE })
  })

  it('gives way to the host\'s word and to another run', () => {
    expect(after({ kind: 'viewShown', view: view(run('ab', 'cd'), { selectedToken: 0 }), saved }).selectedIndex).toBe(0)
    expect(after({ kind: 'viewShown', view: view(run('ab', 'cd', { id: 'run-9' })), saved })).toMatchObject({ selectedIndex: null, chosenFeature: null, openLayers: [1] })
  })

  it('is nothing when the stored value is something else', () => {
    for (const value of [undefined, null, 3, {}, { openLayers: 'all' }]) expect(readSavedScope(value)).toBeNull()
  })
})
