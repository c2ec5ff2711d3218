// Ranks features by how much more they fire on some tokens than on the others: which may explain what happens there.
// After the Qwen-Scope report (arXiv 2605.11887, section 3.2), which ranks by the difference of mean activations.
import type { FeatureContrast, RunDetail } from '../protocol/requests'
import type { FeatureTable } from '../protocol/values'
import { describeFeature, type FeatureLabels } from './describe'

/** A run and the tokens of it that are chosen; the others are what they are compared with. */
export interface ContrastSubject {
  readonly run: Pick<RunDetail, 'tokens' | 'features'>
  readonly chosen: readonly number[]
}

/**
 * The features that fire more on the chosen tokens, highest score first; over several runs their tokens count as one text.
 * Position 0 and outlier tokens are left out. The score is the difference of the means in units of the layer's own scale,
 * so that layers compare: activations grow with the residual stream, tenfold and more from the first layer to the last.
 */
export function contrastFeatures(subjects: readonly ContrastSubject[], labels: FeatureLabels, count: number): FeatureContrast[] {
  const layers = new Set(subjects.flatMap(({ run }) => Object.keys(run.features).map(Number)))
  return [...layers]
    .flatMap((layer) => contrastLayer(subjects, layer))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map((contrast) => ({ ...contrast, description: describeFeature(labels, contrast.feature) }))
}

function contrastLayer(subjects: readonly ContrastSubject[], layer: number): Omit<FeatureContrast, 'description'>[] {
  const sumOn = new Map<number, number>()
  const sumOff = new Map<number, number>()
  let countOn = 0
  let countOff = 0
  let sumOfNorms = 0
  for (const { run, chosen } of subjects) {
    const isChosen = new Set(chosen)
    for (const token of run.tokens) {
      const entries = run.features[layer]?.[token.index]
      if (!entries || token.outlier) continue
      const sums = isChosen.has(token.index) ? (countOn++, sumOn) : (countOff++, sumOff)
      for (const { feature, activation } of entries) sums.set(feature, (sums.get(feature) ?? 0) + activation)
      sumOfNorms += activationNorm(entries)
    }
  }
  if (countOn === 0) return []
  const scale = sumOfNorms / (countOn + countOff) || 1
  return [...sumOn]
    .map(([feature, sum]) => {
      const meanOn = sum / countOn
      const meanOff = countOff === 0 ? 0 : (sumOff.get(feature) ?? 0) / countOff
      return { feature: { layer, feature }, meanOn, meanOff, score: (meanOn - meanOff) / scale }
    })
    .filter(({ score }) => score > 0)
}

/** Euclidean norm of a token's activations: how far the SAE moves from b_dec to rebuild the residual, if W_dec's columns are unit vectors. */
function activationNorm(entries: FeatureTable[number][number]): number {
  return Math.sqrt(entries.reduce((sum, { activation }) => sum + activation * activation, 0))
}
