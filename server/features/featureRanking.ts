// Which of a token's features are worth a reader's look, by one rule for hover, Scope panel and command line: strong for that feature, and not firing everywhere.
import type { RunDetail } from '../protocol/requests'
import type { FeatureActivation, FeatureDescription, FeatureId } from '../protocol/values'

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

/** What ranking needs of a run; a RunDetail fits. */
export type FeatureSource = Pick<RunDetail, 'tokens' | 'features' | 'featuresAfterEdit'>

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
const scales = new WeakMap<FeatureSource['features'], Map<number, LayerScale>>()

/**
 * The `count` most telling features of a token, most telling first: strength × (1 − density), where the density is the label's, or the share
 * of this run's tokens on which the feature fires. So a feature that fires everywhere comes last, however large its activation.
 */
export function rankFeatures(run: FeatureSource, tokenIndex: number, describe: Describe, count: number): RankedFeature[] {
  const candidates = Object.keys(run.features).map(Number).flatMap((layer) => {
    const scale = layerScale(run, layer)
    return (run.features[layer]?.[tokenIndex] ?? []).map(({ feature }) => {
      const ranked = featureOnToken(run, tokenIndex, { layer, feature }, describe)
      const density = ranked.description.density ?? (scale.fires[feature] ?? 0) / Math.max(1, scale.tokens)
      // One part in a thousand by strength alone keeps an order among features that fire everywhere.
      return { ranked, relevance: ranked.strength * (1.001 - density) }
    })
  })
  return candidates.sort((a, b) => b.relevance - a.relevance).slice(0, count).map(({ ranked }) => ranked)
}

/** One chosen feature on a token, activation 0 when it is not among the top k there. */
export function featureOnToken(run: FeatureSource, tokenIndex: number, feature: FeatureId, describe: Describe): RankedFeature {
  const find = (table: FeatureSource['features']): number | null => {
    const entries = table[feature.layer]?.[tokenIndex]
    return entries ? (entries.find((entry) => entry.feature === feature.feature)?.activation ?? 0) : null
  }
  const activation = find(run.features) ?? 0
  const description = describe(feature)
  const { max } = layerScale(run, feature.layer)
  const relativeTo = (greatest: number): number => (greatest > 0 ? Math.min(1, activation / greatest) : 0)
  return { feature, activation, activationAfterEdit: find(run.featuresAfterEdit), strength: relativeTo(description.maxActivation ?? max), share: relativeTo(max), description }
}

function layerScale(run: FeatureSource, layer: number): LayerScale {
  const byLayer = scales.get(run.features) ?? new Map<number, LayerScale>()
  scales.set(run.features, byLayer)
  const known = byLayer.get(layer)
  if (known) return known
  const byToken = (run.features[layer] ?? []).filter((_entries, index) => !run.tokens[index]?.outlier)
  // Entries are sorted by activation, highest first.
  const max = byToken.reduce((greatest, entries) => Math.max(greatest, entries[0]?.activation ?? 0), 0)
  const step = Math.max(1, byToken.length / SAMPLED_TOKENS)
  const sampled = Array.from({ length: Math.min(byToken.length, SAMPLED_TOKENS) }, (_, place) => byToken[Math.floor(place * step)]!)
  const scale = { max, fires: countFeatures(sampled), tokens: sampled.length }
  byLayer.set(layer, scale)
  return scale
}

/** By feature: in how many of the lists it is. */
function countFeatures(lists: readonly (readonly FeatureActivation[])[]): Uint32Array {
  let counts = new Uint32Array(1024)
  for (const list of lists) {
    for (const { feature } of list) {
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
