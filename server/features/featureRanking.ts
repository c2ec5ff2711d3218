// Which of a token's features are worth a reader's look, by one rule for hover, Scope panel and command line: strong for that feature, and not firing everywhere.
import { activationOn, entriesOf, featuresOn, greatestOn, layersOf, type FeatureColumns } from '../protocol/featureColumns'
import type { RunRecord } from '../protocol/runRecord'
import type { FeatureDescription, FeatureId } from '../protocol/values'

/** A feature on one token. */
export interface RankedFeature {
  readonly feature: FeatureId
  readonly activation: number
  /** Null when no edit touched the layer. */
  readonly activationAfterEdit: number | null
  /** Activation relative to the greatest known: of the feature when labels tell, else of its layer in this run. 0..1. */
  readonly strength: number
  /** Activation relative to the greatest of its layer in this run, outlier tokens aside. 0..1. */
  readonly share: number
  readonly description: FeatureDescription
}

export type Describe = (feature: FeatureId) => FeatureDescription

/** What ranking needs of a run; a RunRecord fits. */
export type FeatureSource = Pick<RunRecord, 'tokens' | 'features' | 'featuresAfterEdit'>

interface LayerScale {
  /** Greatest activation of any feature, outlier tokens aside. */
  readonly max: number
  /** By feature: on how many of the tokens looked at it fires. */
  readonly fires: Uint32Array
  /** Tokens looked at. */
  readonly tokens: number
}

/** How often features fire is estimated on so many tokens, spread over the run: a growing run of a large model is looked at several times a second. */
const SAMPLED_TOKENS = 256

/** Scales of finished tables; a growing run is a new table each time it is asked for. */
const usual = new WeakMap<FeatureSource['tokens'], readonly number[]>()
const scales = new WeakMap<FeatureSource['features'], Map<number, LayerScale>>()

/**
 * The `count` most telling features of a token, most telling first: strength × (1 − density), where the density is the label's, or the share
 * of this run's tokens on which the feature fires. So a feature that fires everywhere comes last, however large its activation.
 */
export function rankFeatures(run: FeatureSource, tokenIndex: number, describe: Describe, count: number): RankedFeature[] {
  const candidates = layersOf(run.features).flatMap((layer) => {
    const scale = layerScale(run, layer)
    return featuresOn(run.features[layer], tokenIndex).map(({ feature, activation }) => {
      const ranked = rankedFeature(run, tokenIndex, { layer, feature }, activation, scale, describe)
      const density = ranked.description.density ?? (scale.fires[feature] ?? 0) / Math.max(1, scale.tokens)
      // One part in a thousand by strength alone keeps an order among features that fire everywhere.
      return { ranked, relevance: ranked.strength * (1.001 - density) }
    })
  })
  return candidates.sort((a, b) => b.relevance - a.relevance).slice(0, count).map(({ ranked }) => ranked)
}

/** One chosen feature on a token, activation 0 when it is not among the top k there. */
export function featureOnToken(run: FeatureSource, tokenIndex: number, feature: FeatureId, describe: Describe): RankedFeature {
  const activation = activationOn(run.features[feature.layer], tokenIndex, feature.feature)
  return rankedFeature(run, tokenIndex, feature, activation, layerScale(run, feature.layer), describe)
}

function rankedFeature(run: FeatureSource, tokenIndex: number, feature: FeatureId, activation: number, { max }: LayerScale, describe: Describe): RankedFeature {
  const description = describe(feature)
  const after = run.featuresAfterEdit[feature.layer]
  const relativeTo = (greatest: number): number => (greatest > 0 ? Math.min(1, activation / greatest) : 0)
  return {
    feature, activation, description,
    activationAfterEdit: after && tokenIndex < after.ends.length ? activationOn(after, tokenIndex, feature.feature) : null,
    strength: relativeTo(description.maxActivation ?? max),
    share: relativeTo(max),
  }
}

function layerScale(run: FeatureSource, layer: number): LayerScale {
  const byLayer = scales.get(run.features) ?? new Map<number, LayerScale>()
  scales.set(run.features, byLayer)
  const known = byLayer.get(layer)
  if (known) return known
  const columns = run.features[layer]
  const counted = columns ? usualTokens(run.tokens).filter((token) => token < columns.ends.length) : []
  const max = counted.reduce((greatest, token) => Math.max(greatest, greatestOn(columns!, token)), 0)
  const step = Math.max(1, counted.length / SAMPLED_TOKENS)
  const sampled = Array.from({ length: Math.min(counted.length, SAMPLED_TOKENS) }, (_, place) => counted[Math.floor(place * step)]!)
  const scale = { max, fires: countFeatures(columns, sampled), tokens: sampled.length }
  byLayer.set(layer, scale)
  return scale
}

/** Positions of tokens that are no outliers; the same for all layers of a run. */
function usualTokens(tokens: FeatureSource['tokens']): readonly number[] {
  const found = usual.get(tokens) ?? tokens.filter(({ outlier }) => !outlier).map(({ index }) => index)
  usual.set(tokens, found)
  return found
}

/** By feature: on how many of the tokens it fires. */
function countFeatures(columns: FeatureColumns | undefined, tokens: readonly number[]): Uint32Array {
  let counts = new Uint32Array(1024)
  for (const token of tokens) {
    const [start, end] = entriesOf(columns, token)
    for (let entry = start; entry < end; entry++) {
      const feature = columns!.features[entry]!
      if (feature >= counts.length) {
        const longer = new Uint32Array(Math.max(feature + 1, 2 * counts.length))
        longer.set(counts)
        counts = longer
      }
      counts[feature]!++
    }
  }
  return counts
}
