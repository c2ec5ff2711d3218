// Which features of a token come first, wherever they are listed: strong for themselves, and not firing everywhere.
import { expect, test } from 'vitest'
import { featureOnToken, rankFeatures } from '../../../server/features/featureRanking'
import type { FeatureDescription, FeatureId } from '../../../server/protocol/values'
import { sampleRun } from '../store/sampleRun'

const unknown = (feature: FeatureId): FeatureDescription => ({ feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null })
const names = (run: ReturnType<typeof sampleRun>, index: number, describeFeature = unknown) =>
  rankFeatures(run, index, describeFeature, 9).map(({ feature }) => `L${feature.layer}/${feature.feature}`)

test('without labels compares with the greatest activation of the layer, outlier tokens aside', () => {
  expect(featureOnToken(sampleRun(), 3, { layer: 0, feature: 5 }, unknown).strength).toBe(1)
  expect(featureOnToken(sampleRun(), 1, { layer: 0, feature: 5 }, unknown).strength).toBe(2.25 / 4)
  expect(featureOnToken(sampleRun(), 0, { layer: 0, feature: 3 }, unknown).strength).toBe(1)
})

test('puts a feature that fires everywhere last', () => {
  // L1/8 fires on every token but the first, L0/3 on one of three.
  expect(names(sampleRun(), 1)).toEqual(['L0/5', 'L0/3', 'L1/8'])
})

test('follows the labels where there are some', () => {
  const labelled = (feature: FeatureId): FeatureDescription => ({ ...unknown(feature), density: 0.01, maxActivation: feature.feature === 3 ? 0.1 : 300 })
  expect(names(sampleRun(), 1, labelled)).toEqual(['L0/3', 'L1/8', 'L0/5'])
})

test('answers with no more than asked for, and with nothing where no feature fires', () => {
  expect(rankFeatures(sampleRun(), 1, unknown, 2)).toHaveLength(2)
  expect(rankFeatures(sampleRun(), 2, unknown, 9).map(({ feature }) => feature)).toEqual([{ layer: 1, feature: 8 }])
  expect(rankFeatures(sampleRun(), 99, unknown, 9)).toEqual([])
})
