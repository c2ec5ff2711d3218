// Ranks features by how much more they fire on some tokens than on the others: which may explain what happens there.
// After the Qwen-Scope report (arXiv 2605.11887, section 3.2), which ranks by the difference of mean activations.
import { entriesOf, layersOf } from '../protocol/featureColumns'
import type { FeatureContrast } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { FeatureActivation } from '../protocol/values'
import { describeFeature, type FeatureLabels } from './describe'

/** A run and the tokens of it that are chosen; the others are what they are compared with. */
export interface ContrastSubject {
  readonly run: Pick<RunRecord, 'tokens' | 'features'>
  readonly chosen: readonly number[]
}

/**
 * The features that fire more on the chosen tokens, highest score first; over several runs their tokens count as one text, each in the layers
 * that were read of it. Position 0 and outlier tokens are left out. The score is the difference of the means in units of the layer's own scale,
 * so that layers compare: activations grow with the residual stream, tenfold and more from the first layer to the last.
 */
export function contrastFeatures(subjects: readonly ContrastSubject[], labels: FeatureLabels, count: number): FeatureContrast[] {
  const sums = new Map<number, LayerSums>()
  for (const { run, chosen } of subjects) {
    const isChosen = new Set(chosen)
    const tokens = run.tokens.filter(({ outlier }) => !outlier).map(({ index }) => index)
    for (const layer of layersOf(run.features)) {
      const columns = run.features[layer]!
      const layerSums = sumsOf(sums, layer)
      for (const token of tokens) {
        const weight = isChosen.has(token) ? 1 : 0
        const [start, end] = entriesOf(columns, token)
        let squares = 0
        for (let entry = start; entry < end; entry++) squares += addEntry(layerSums, columns.features[entry]!, columns.activations[entry]!, weight)
        addToken(layerSums, weight, squares)
      }
    }
  }
  return rank(sums)
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
  const sums = new Map<number, LayerSums>()
  for (const { weight, features } of tokens) {
    for (const [layer, entries] of Object.entries(features)) {
      const layerSums = sumsOf(sums, Number(layer))
      let squares = 0
      for (const { feature, activation } of entries) squares += addEntry(layerSums, feature, activation, weight)
      addToken(layerSums, weight, squares)
    }
  }
  return rank(sums)
}

/** What has been added up of one layer. */
interface LayerSums {
  /** By feature. */
  on: Float64Array
  off: Float64Array
  tokens: number
  weightOn: number
  /** Of the Euclidean norms of the tokens' activations: how far the SAE moves from b_dec to rebuild the residual, if W_dec's columns are unit vectors. */
  norms: number
}

function sumsOf(sums: Map<number, LayerSums>, layer: number): LayerSums {
  const known = sums.get(layer) ?? { on: new Float64Array(1024), off: new Float64Array(1024), tokens: 0, weightOn: 0, norms: 0 }
  sums.set(layer, known)
  return known
}

/** Answers with the activation's square. */
function addEntry(sums: LayerSums, feature: number, activation: number, weight: number): number {
  if (feature >= sums.on.length) {
    const length = Math.max(feature + 1, 2 * sums.on.length)
    sums.on = longer(sums.on, length)
    sums.off = longer(sums.off, length)
  }
  sums.on[feature]! += weight * activation
  sums.off[feature]! += (1 - weight) * activation
  return activation * activation
}

function addToken(sums: LayerSums, weight: number, squares: number): void {
  sums.tokens++
  sums.weightOn += weight
  sums.norms += Math.sqrt(squares)
}

function longer(numbers: Float64Array, length: number): Float64Array {
  const next = new Float64Array(length)
  next.set(numbers)
  return next
}

function rank(sums: ReadonlyMap<number, LayerSums>): Omit<FeatureContrast, 'description'>[] {
  const ranked: Omit<FeatureContrast, 'description'>[] = []
  for (const [layer, { on, off, tokens, weightOn, norms }] of sums) {
    if (weightOn === 0) continue
    const weightOff = tokens - weightOn
    const scale = norms / tokens || 1
    for (let feature = 0; feature < on.length; feature++) {
      const meanOn = on[feature]! / weightOn
      const meanOff = weightOff === 0 ? 0 : off[feature]! / weightOff
      if (meanOn > meanOff) ranked.push({ feature: { layer, feature }, meanOn, meanOff, score: (meanOn - meanOff) / scale })
    }
  }
  return ranked.sort((a, b) => b.score - a.score)
}
