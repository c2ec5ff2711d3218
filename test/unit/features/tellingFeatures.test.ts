// The list of a token's features that hover, Scope panel and terminal share: what is chosen, in which order, and by which measure.
import { expect, test } from 'vitest'
import { tellingFeatures } from '../../../server/features/tellingFeatures'
import { renderFeature } from '../../../server/formats/editLine'
import type { FeatureDescription, FeatureId } from '../../../server/protocol/values'
import type { Fault } from '../../../server/runs/detectors'
import { sampleRun } from '../store/sampleRun'

const unknown = (feature: FeatureId): FeatureDescription => ({ feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null })
const lines = (list: ReturnType<typeof tellingFeatures>) => list.features.map(({ feature, bar, isSuspect }) => `${renderFeature(feature)} ${bar.toFixed(2)}${isSuspect ? ' !' : ''}`)

test('chooses by what a feature tells and orders by its bar', () => {
  // L1/8 fires nearly everywhere and would come last by rank, but its bar is the longest of those chosen.
  expect(lines(tellingFeatures(sampleRun(), 1, unknown, []))).toEqual(['L1/8 1.00', 'L0/5 0.56', 'L0/3 0.03'])
})

test('measures all bars by the features\' own maximum, or none', () => {
  const known = (feature: FeatureId): FeatureDescription => ({ ...unknown(feature), maxActivation: 60 })
  expect(tellingFeatures(sampleRun(), 1, known, [])).toMatchObject({ measure: 'strength', features: [{ bar: 30.125 / 60 }, { bar: 2.25 / 60 }, { bar: Math.fround(0.1) / 60 }] })
  const one = (feature: FeatureId): FeatureDescription => (feature.layer === 1 ? known(feature) : unknown(feature))
  expect(tellingFeatures(sampleRun(), 1, one, []).measure).toBe('share')
})

test('puts first what comes to the fore where a fault begins, and only there', () => {
  const features = {
    0: [[], [{ feature: 5, activation: 4 }], [{ feature: 3, activation: 1 }, { feature: 5, activation: 4 }], [{ feature: 3, activation: 1 }, { feature: 5, activation: 4 }]],
  }
  const fault: Fault = { kind: 'loop', message: 'completion repeats itself', tokens: [3], first: 3, last: 3, period: 1 }
  expect(lines(tellingFeatures(sampleRun({ features }), 3, unknown, [fault]))).toEqual(['L0/3 0.25 !', 'L0/5 1.00'])
  expect(lines(tellingFeatures(sampleRun({ features }), 3, unknown, []))).toEqual(['L0/5 1.00', 'L0/3 0.25'])
})

test('is the same list however many are shown, and empty where there is no token', () => {
  const features = { 0: [[], Array.from({ length: 30 }, (_unused, feature) => ({ feature, activation: 30 - feature }))] }
  expect(tellingFeatures(sampleRun({ features }), 1, unknown, []).features).toHaveLength(8)
  expect(tellingFeatures(sampleRun(), 99, unknown, []).features).toEqual([])
})
