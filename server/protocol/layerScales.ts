// How strongly the features of a layer fire in a run: what the length of a bar is measured by.
import { greatestOn, layersOf, type FeatureColumns } from './featureColumns'
import type { RunRecord } from './runRecord'

/** By layer, the greatest activation before or after edits on tokens that are no outliers; where only outliers fire, theirs; never 0. */
export function layerScales({ tokens, features, featuresAfterEdit }: Pick<RunRecord, 'tokens' | 'features' | 'featuresAfterEdit'>): RunRecord['layerScales'] {
  return Object.fromEntries(layersOf(features).map((layer) => {
    const tables = [features[layer]!, ...(featuresAfterEdit[layer] ? [featuresAfterEdit[layer]] : [])]
    return [layer, greatest(tables, (token) => !tokens[token]?.outlier) || greatest(tables, () => true) || 1]
  }))
}

function greatest(tables: readonly FeatureColumns[], counts: (token: number) => boolean): number {
  let most = 0
  for (const columns of tables) for (let token = 0; token < columns.ends.length; token++) if (counts(token)) most = Math.max(most, greatestOn(columns, token))
  return most
}
