// What the Scope panel draws: feature rows, scales, heat, and the sentences that stand for the chart.
import { describe, expect, it } from 'vitest'
import { chosenHeat, featureRow, heatStep, heatSummary, layerRows, layerState, isRanked, layerScale, rankedRows } from '../../../webview/scope/selectors'
import { INITIAL_STATE, nextState, type Ranking, type ScopeState } from '../../../webview/scope/state'
import { edits, layersOn, run, table, view } from './runFixture'
import type { PinsAndEdits, RunDetail, TokenFeatures } from '../../../server/protocol/requests'
import type { FeatureId, FeatureLists } from '../../../server/protocol/values'

// Four tokens; position 0 is an outlier and must not set any scale.
const FEATURES = table({ 0: [{ 5: 90 }, { 5: 1, 6: 0.5 }, { 6: 2 }, {}], 1: [{ 7: 400 }, { 7: 10 }, { 7: 4, 8: 20 }, { 8: 5 }] })
const shown = run('ab', 'cd', { layerScales: { 0: 2, 1: 20 } })

const LISTED: TokenFeatures = { layers: layersOn(2, FEATURES), measure: 'strength', features: [{ feature: { layer: 1, feature: 7 }, bar: 0.1, isSuspect: true }, { feature: { layer: 0, feature: 6 }, bar: 0.9, isSuspect: false }] }

/** The panel's state when the host has told all that it knows. */
function stateOf(detail: RunDetail, pinsAndEdits?: PinsAndEdits, chosenFeature: FeatureId | null = null, afterEdit: FeatureLists = {}): ScopeState {
  const start = nextState(INITIAL_STATE, { kind: 'viewShown', view: view(detail, { chosenFeature, ...(pinsAndEdits ? { pinsAndEdits } : {}) }) })
  return detail.tokens.reduce((state, { index }) => nextState(state, { kind: 'featuresRanked', runId: detail.id, index, ranking: rankingOf(detail, { ...LISTED, layers: layersOn(index, FEATURES, afterEdit) }) }), start)
}

function rankingOf({ tokens, layers, status }: RunDetail, listed: TokenFeatures | null): Ranking {
  return { ofTokens: tokens.length, ofLayers: layers.length, ofEndedRun: status.kind !== 'running', listed }
}

/** The state before the host has told anything about a token. */
function untold(detail: RunDetail): ScopeState {
  return nextState(INITIAL_STATE, { kind: 'viewShown', view: view(detail) })
}

describe('feature rows', () => {
  it('measures each layer by its greatest activation on tokens that are no outliers', () => {
    expect(layerScale(shown, 0)).toBe(2)
    expect(layerScale(shown, 1)).toBe(20)
  })

  it('keeps the host\'s order across layers, and has none of its own', () => {
    expect(rankedRows(untold(shown), 2)).toBeNull()
    const ranked = nextState(untold(shown), { kind: 'featuresRanked', runId: 'run-1', index: 2, ranking: rankingOf(shown, LISTED) })
    expect(rankedRows(ranked, 2)?.map(({ name, share, suspect }) => [name, share, suspect])).toEqual([['L1/7', 0.1, true], ['L0/6', 0.9, false]])
    expect(rankedRows(ranked, 1)).toBeNull()
    // The side after an edit is measured like the side before: 2 of 4 is half its bar.
    const edited = stateOf(shown, undefined, null, table({ 1: [{}, {}, { 7: 2 }, {}] }))
    expect(rankedRows(edited, 2)?.[0]).toMatchObject({ after: 2, share: 0.1, shareAfter: 0.05 })
  })

  it('is ranked anew when the run has grown or ended, and belongs to one run', () => {
    const running: RunDetail = { ...shown, status: { kind: 'running' } }
    const growing = untold(running)
    const ranked = nextState(growing, { kind: 'featuresRanked', runId: 'run-1', index: 2, ranking: rankingOf(running, LISTED) })
    expect(isRanked(growing, 2)).toBe(false)
    expect(isRanked(ranked, 2)).toBe(true)
    expect(isRanked(nextState(ranked, { kind: 'runGrew', run: { ...shown, status: { kind: 'running' }, tokens: [...shown.tokens, shown.tokens[3]!] } }), 2)).toBe(false)
    expect(isRanked(nextState(ranked, { kind: 'viewShown', view: view(shown) }), 2)).toBe(false)
    expect(isRanked(nextState(stateOf(shown), { kind: 'viewShown', view: view({ ...shown, layers: [0, 1, 2] }) }), 2)).toBe(false)
    expect(rankedRows(nextState(ranked, { kind: 'viewShown', view: view({ ...shown, id: 'run-2' }) }), 2)).toBeNull()
    expect(nextState(growing, { kind: 'featuresRanked', runId: 'another', index: 2, ranking: rankingOf(running, LISTED) })).toBe(growing)
  })

  it('shows a layer\'s features strongest first', () => {
    expect(layerRows(stateOf(shown), 1, 2).map(({ name, activation }) => [name, activation])).toEqual([['L1/8', 20], ['L1/7', 4]])
    expect(layerRows(stateOf(shown), 1, 99)).toEqual([])
  })

  it('shows both sides at an edited layer, also for features that the edit brought in', () => {
    const edited = stateOf(shown, undefined, null, table({ 1: [{ 7: 400 }, {}, { 8: 20, 9: 6 }, { 8: 5 }] }))
    const rows = layerRows(edited, 1, 2).map(({ name, activation, after }) => [name, activation, after])
    expect(rows).toEqual([['L1/8', 20, null], ['L1/7', 4, 0], ['L1/9', 0, 6]])
    expect(layerRows(edited, 0, 2)[0]).toMatchObject({ name: 'L0/6', after: null, shareAfter: null })
  })

  it('knows pins, suppression, boosts and other edits', () => {
    const state = stateOf(shown, { ...edits('L1/7 = 0', 'L1/8 += 10', 'L0/6 *= 0.5 @ generated'), pins: [{ layer: 0, feature: 6 }] })
    expect(featureRow(state, { layer: 1, feature: 7 }, 1)).toMatchObject({ suppressed: true, pinned: false, edits: [], boostUnits: 0 })
    // Without a label the unit is the layer's scale, 20, until the feature's own greatest activation is known; 10 is half of it.
    expect(featureRow(state, { layer: 1, feature: 8 }, 1)).toMatchObject({ suppressed: false, edits: ['+= 10'], boostUnit: 20, boostUnits: 0.5 })
    const told = nextState(state, { kind: 'greatestArrived', runId: 'run-1', greatest: { 'L1/8': 5 } })
    expect(featureRow(told, { layer: 1, feature: 8 }, 1)).toMatchObject({ boostUnit: 5, boostUnits: 2 })
    expect(featureRow(state, { layer: 0, feature: 6 }, 1)).toMatchObject({ pinned: true, edits: ['*= 0.5 @ generated'], boostUnits: 0 })
  })

  it('takes the label\'s usual activation as the unit of a boost where it is known', () => {
    const feature = { layer: 1, feature: 8 }
    const described = nextState(stateOf(shown), { kind: 'featuresDescribed', descriptions: [{ feature, label: 'x', tokens: [], density: null, typicalActivation: 3, maxActivation: null }] })
    expect(featureRow(described, feature, null)).toMatchObject({ boostUnit: 3, activation: 0, after: null })
  })
})

describe('a layer that has not been read', () => {
  const partly = { ...shown, layers: [1], saeLayers: [0, 1] }
  const reading = { runId: 'run-1', layers: [0], done: 0, total: 1, fraction: null }

  it('is another thing than one on which nothing fires', () => {
    expect([0, 1].map((layer) => layerState(untold(partly), layer))).toEqual(['unread', 'read'])
    const asked = nextState(untold(partly), { kind: 'readingChanged', reading })
    expect([0, 1].map((layer) => layerState(asked, layer))).toEqual(['reading', 'read'])
    expect(layerState(nextState(asked, { kind: 'readingChanged', reading: { ...reading, runId: 'another' } }), 0)).toBe('unread')
    const told = nextState(asked, { kind: 'featuresRanked', runId: 'run-1', index: 2, ranking: rankingOf(partly, { ...LISTED, layers: LISTED.layers.filter(({ layer }) => layer === 1) }) })
    expect([{ layer: 0, feature: 6 }, { layer: 1, feature: 99 }].map((feature) => featureRow(told, feature, 2).missing)).toEqual(['reading', null])
    expect(featureRow(untold(partly), { layer: 1, feature: 7 }, 2).missing).toBe('asked')
  })
})

describe('heat', () => {
  const feature = { layer: 1, feature: 7 }
  const told = (activations: number[], after: number[] | null = null) => nextState(stateOf(shown, undefined, feature), { kind: 'heatArrived', heat: { runId: 'run-1', feature, activations, after, max: 400 } })
  const state = told([400, 10, 4, 0])

  it('is not known before the host has told', () => {
    expect(chosenHeat(stateOf(shown, undefined, feature))).toBeNull()
    expect(chosenHeat(state)?.values).toEqual([400, 10, 4, 0])
  })

  it('is 0 on tokens that came after the host\'s numbers', () => {
    expect(chosenHeat(told([400, 11]))?.values).toEqual([400, 11, 0, 0])
  })

  it('has both sides of an edit on one scale', () => {
    expect(chosenHeat(told([400, 10, 4, 0], [400, 30, 0, 0]))).toMatchObject({ after: [400, 30, 0, 0], scale: 30 })
  })

  it('is scaled without the outlier, which is cut off and named', () => {
    const heat = chosenHeat(state)!
    expect(heat.scale).toBe(10)
    expect(heatSummary(shown, heat)).toBe('L1/7 is active on 3 of 4 tokens, 1 of them generated; strongest on token 1 “b” with 10.00. Token 0 is an outlier (400.0) and is cut off.')
  })

  it('says so when the feature is nowhere active', () => {
    expect(heatSummary(shown, chosenHeat(told([0, 0, 0, 0]))!)).toBe('L1/7 is not active on any of the 4 tokens.')
  })

  it('has six steps above nothing', () => {
    expect([0, 0.01, 1, 1.7, 5, 9.9, 10, 400].map((value) => heatStep(value, 10))).toEqual([0, 1, 1, 2, 3, 6, 6, 6])
  })
})
