// One feature's activation over all tokens of a run: what the editor paints and the panel charts.
import { InputError } from '../protocol/errors'
import { activationOn, type FeatureColumns } from '../protocol/featureColumns'
import type { FeatureHeat } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { FeatureId } from '../protocol/values'

/** Activations by token, 0 where the feature is not among those recorded. Rejects a layer whose features the run did not read. */
export function featureHeat(run: Pick<RunRecord, 'id' | 'tokens' | 'features' | 'featuresAfterEdit'>, feature: FeatureId): FeatureHeat {
  const columns = run.features[feature.layer]
  if (!columns) throw new InputError(`layer ${feature.layer} was not read in this run`, 'read the layer, or add it to the settings and run the prompt again')
  const edited = run.featuresAfterEdit[feature.layer]
  const over = (table: FeatureColumns): number[] => run.tokens.map(({ index }) => activationOn(table, index, feature.feature))
  const activations = over(columns)
  return { runId: run.id, feature, activations, after: edited ? over(edited) : null, max: greatestOf(run, activations) }
}

/** The most that each feature reaches in the run; 0 where its layer was not read. */
export function greatestActivations(run: Pick<RunRecord, 'tokens' | 'features'>, features: readonly FeatureId[]): number[] {
  return features.map(({ layer, feature }) => greatestOf(run, run.tokens.map(({ index }) => activationOn(run.features[layer], index, feature))))
}

/** Position 0 would flatten everything else; where a feature fires on outliers only, they have to do. */
function greatestOf({ tokens }: Pick<RunRecord, 'tokens'>, activations: readonly number[]): number {
  const ordinary = activations.filter((_, index) => !tokens[index]?.outlier)
  return Math.max(0, ...ordinary) || Math.max(0, ...activations)
}
