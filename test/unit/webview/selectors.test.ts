// What the Scope panel draws: feature rows, scales, heat, and the sentences that stand for the chart.
import { describe, expect, it } from 'vitest'
import { chosenHeat, featureRow, heatStep, heatSummary, layerRows, isRanked, layerScale, rankedRows } from '../../../webview/scope/selectors'
import { INITIAL_STATE, nextState, type ScopeState } from '../../../webview/scope/state'
import { edits, run, table, view } from './runFixture'
import type { PinsAndEdits, RunDetail, TokenFeatures } from '../../../server/protocol/requests'
import type { FeatureId } from '../../../server/protocol/values'

// Four tokens; position 0 is an outlier and must not set any scale.
const shown = run('ab', 'cd', {
  features: table({ 0: [{ 5: 90 }, { 5: 1, 6: 0.5 }, { 6: 2 }, {}], 1: [{ 7: 400 }, { 7: 10 }, { 7: 4, 8: 20 }, { 8: 5 }] }),
})

const LISTED: TokenFeatures = { measure: 'strength', features: [{ feature: { layer: 1, feature: 7 }, bar: 0.1, isSuspect: true }, { feature: { layer: 0, feature: 6 }, bar: 0.9, isSuspect: false }] }

function stateOf(detail: RunDetail, pinsAndEdits?: PinsAndEdits, chosenFeature: FeatureId | null = null): ScopeState {
  return nextState(INITIAL_STATE, { kind: 'viewShown', view: view(detail, { chosenFeature, ...(pinsAndEdits ? { pinsAndEdits } : {}) }) })
}

describe('feature rows', () => {
  it('measures each layer by its greatest activation on tokens that are no outliers', () => {
    expect(layerScale(shown, 0)).toBe(2)
    expect(layerScale(shown, 1)).toBe(20)
  })

  it('keeps the host\'s order across layers, and has none of its own', () => {
    expect(rankedRows(stateOf(shown), 2)).toBeNull()
    const ranking = { ofTokens: 4, ofEndedRun: true, listed: LISTED }
    const ranked = nextState(stateOf(shown), { kind: 'featuresRanked', runId: 'run-1', index: 2, ranking })
    expect(rankedRows(ranked, 2)?.map(({ name, share, suspect }) => [name, share, suspect])).toEqual([['L1/7', 0.1, true], ['L0/6', 0.9, false]])
    expect(rankedRows(ranked, 1)).toBeNull()
    // The side after an edit is measured like the side before: 2 of 4 is half its bar.
    const edited = nextState(stateOf({ ...shown, featuresAfterEdit: table({ 1: [{}, {}, { 7: 2 }, {}] }) }), { kind: 'featuresRanked', runId: 'run-1', index: 2, ranking })
    expect(rankedRows(edited, 2)?.[0]).toMatchObject({ after: 2, share: 0.1, shareAfter: 0.05 })
  })

  it('is ranked anew when the run has grown or ended, and belongs to one run', () => {
    const growing = stateOf({ ...shown, status: { kind: 'running' } })
    const ranked = nextState(growing, { kind: 'featuresRanked', runId: 'run-1', index: 2, ranking: { ofTokens: 4, ofEndedRun: false, listed: LISTED } })
    expect(isRanked(growing, 2)).toBe(false)
    expect(isRanked(ranked, 2)).toBe(true)
    expect(isRanked(nextState(ranked, { kind: 'runGrew', run: { ...shown, status: { kind: 'running' }, tokens: [...shown.tokens, shown.tokens[3]!] } }), 2)).toBe(false)
    expect(isRanked(nextState(ranked, { kind: 'viewShown', view: view(shown) }), 2)).toBe(false)
    expect(rankedRows(nextState(ranked, { kind: 'viewShown', view: view({ ...shown, id: 'run-2' }) }), 2)).toBeNull()
    expect(nextState(growing, { kind: 'featuresRanked', runId: 'another', index: 2, ranking: { ofTokens: 4, ofEndedRun: false, listed: LISTED } })).toBe(growing)
  })

  it('shows a layer\'s features strongest first', () => {
    expect(layerRows(stateOf(shown), 1, 2).map(({ name, activation }) => [name, activation])).toEqual([['L1/8', 20], ['L1/7', 4]])
    expect(layerRows(stateOf(shown), 1, 99)).toEqual([])
  })

  it('shows both sides at an edited layer, also for features that the edit brought in', () => {
    const edited = { ...shown, featuresAfterEdit: table({ 1: [{ 7: 400 }, {}, { 8: 20, 9: 6 }, { 8: 5 }] }) }
    const rows = layerRows(stateOf(edited), 1, 2).map(({ name, activation, after }) => [name, activation, after])
    expect(rows).toEqual([['L1/8', 20, null], ['L1/7', 4, 0], ['L1/9', 0, 6]])
    expect(layerRows(stateOf(edited), 0, 2)[0]).toMatchObject({ name: 'L0/6', after: null, shareAfter: null })
  })

  it('knows pins, suppression, boosts and other edits', () => {
    const state = stateOf(shown, { ...edits('L1/7 = 0', 'L1/8 += 10', 'L0/6 *= 0.5 @ generated'), pins: [{ layer: 0, feature: 6 }] })
    expect(featureRow(state, { layer: 1, feature: 7 }, 1)).toMatchObject({ suppressed: true, pinned: false, edits: [], boostUnits: 0 })
    // Without a label the unit is the feature's own greatest activation, 20; 10 is half of it.
    expect(featureRow(state, { layer: 1, feature: 8 }, 1)).toMatchObject({ suppressed: false, edits: ['+= 10'], boostUnit: 20, boostUnits: 0.5 })
    expect(featureRow(state, { layer: 0, feature: 6 }, 1)).toMatchObject({ pinned: true, edits: ['*= 0.5 @ generated'], boostUnits: 0 })
  })

  it('takes the label\'s usual activation as the unit of a boost where it is known', () => {
    const feature = { layer: 1, feature: 8 }
    const described = nextState(stateOf(shown), { kind: 'featuresDescribed', descriptions: [{ feature, label: 'x', tokens: [], density: null, typicalActivation: 3, maxActivation: null }] })
    expect(featureRow(described, feature, null)).toMatchObject({ boostUnit: 3, activation: 0, after: null })
  })
})

describe('heat', () => {
  const state = stateOf(shown, undefined, { layer: 1, feature: 7 })

  it('comes from the run\'s own table until the host\'s numbers arrive', () => {
    expect(chosenHeat(state)?.values).toEqual([400, 10, 4, 0])
    const exact = nextState(state, { kind: 'heatArrived', heat: { runId: 'run-1', feature: { layer: 1, feature: 7 }, activations: [400, 10, 4, 0.5], max: 400 } })
    expect(chosenHeat(exact)?.values).toEqual([400, 10, 4, 0.5])
  })

  it('covers tokens that came after the host\'s numbers', () => {
    const heated = nextState(state, { kind: 'heatArrived', heat: { runId: 'run-1', feature: { layer: 1, feature: 7 }, activations: [400, 11], max: 400 } })
    expect(chosenHeat(heated)?.values).toEqual([400, 11, 4, 0])
  })

  it('is scaled without the outlier, which is cut off and named', () => {
    const heat = chosenHeat(state)!
    expect(heat.scale).toBe(10)
    expect(heatSummary(shown, heat)).toBe('L1/7 is active on 3 of 4 tokens, 1 of them generated; strongest on token 1 “b” with 10.00. Token 0 is an outlier (400.0) and is cut off.')
  })

  it('says so when the feature is nowhere active', () => {
    expect(heatSummary(shown, chosenHeat(stateOf(shown, undefined, { layer: 1, feature: 99 }))!)).toBe('L1/99 is not active on any of the 4 tokens.')
  })

  it('has six steps above nothing', () => {
    expect([0, 0.01, 1, 1.7, 5, 9.9, 10, 400].map((value) => heatStep(value, 10))).toEqual([0, 1, 1, 2, 3, 6, 6, 6])
  })
})
