// Ranks features by how much more they fire on some tokens than on the others: which may explain what happens there.
// After the Qwen-Scope report (arXiv 2605.11887, section 3.2), which ranks by the difference of mean activations.
import { featuresOn, layersOf } from '../protocol/featureColumns'
import type { FeatureContrast } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { FeatureActivation, FeatureId } from '../protocol/values'
import { describeFeature, type FeatureLabels } from './describe'

/** A run and the tokens of it that are chosen; the others are what they are compared with. */
export interface ContrastSubject {
  readonly run: Pick<RunRecord, 'tokens' | 'features'>
  readonly chosen: readonly number[]
}

/**
 * The features that fire more on the chosen tokens, highest score first; over several runs their tokens count as one text.
 * Position 0 and outlier tokens are left out. The score is the difference of the means in units of the layer's own scale,
 * so that layers compare: activations grow with the residual stream, tenfold and more from the first layer to the last.
 */
export function contrastFeatures(subjects: readonly ContrastSubject[], labels: FeatureLabels, count: number): FeatureContrast[] {
  const tokens = subjects.flatMap(({ run, chosen }) => {
    const isChosen = new Set(chosen)
    const layers = layersOf(run.features)
    return run.tokens
      .filter((token) => !token.outlier)
      .map(({ index }) => ({ weight: isChosen.has(index) ? 1 : 0, features: Object.fromEntries(layers.map((layer) => [layer, featuresOn(run.features[layer], index)])) }))
  })
  return contrastWeighted(tokens)
    .slice(0, count)
    .map((contrast) => ({ ...contrast, description: describeFeature(labels, contrast.feature) }))
}

/** A token's features by layer, and how far it counts as chosen, 0..1; for the rest it counts as one of the others. */
export interface WeightedToken {
  readonly weight: number
  readonly features: { readonly [layer: number]: readonly FeatureActivation[] }
}

/** Features whose weighted mean is greater where the weight is, highest score first. The tokens must not be outliers. */
export function contrastWeighted(tokens: readonly WeightedToken[]): Omit<FeatureContrast, 'description'>[] {
  const weightOn = tokens.reduce((sum, { weight }) => sum + weight, 0)
  if (weightOn === 0) return []
  const weightOff = tokens.length - weightOn
  const sums = new Map<number, Map<number, { readonly feature: FeatureId; on: number; off: number }>>()
  const sumOfNorms = new Map<number, number>()
  for (const { weight, features } of tokens) {
    for (const [key, entries] of Object.entries(features)) {
      const layer = Number(key)
      sumOfNorms.set(layer, (sumOfNorms.get(layer) ?? 0) + activationNorm(entries))
      const ofLayer = sums.get(layer) ?? new Map<number, { readonly feature: FeatureId; on: number; off: number }>()
      sums.set(layer, ofLayer)
      for (const { feature, activation } of entries) {
        const sum = ofLayer.get(feature) ?? { feature: { layer, feature }, on: 0, off: 0 }
        sum.on += weight * activation
        sum.off += (1 - weight) * activation
        ofLayer.set(feature, sum)
      }
    }
  }
  return [...sums.values()]
    .flatMap((ofLayer) => [...ofLayer.values()])
    .map(({ feature, on, off }) => {
      const meanOn = on / weightOn
      const meanOff = weightOff === 0 ? 0 : off / weightOff
      return { feature, meanOn, meanOff, score: (meanOn - meanOff) / (sumOfNorms.get(feature.layer)! / tokens.length || 1) }
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
}

/** Euclidean norm of a token's activations: how far the SAE moves from b_dec to rebuild the residual, if W_dec's columns are unit vectors. */
function activationNorm(entries: readonly FeatureActivation[]): number {
  return Math.sqrt(entries.reduce((sum, { activation }) => sum + activation * activation, 0))
}
