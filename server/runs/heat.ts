// One feature's activation over all tokens of a run: what the editor paints and the panel charts.
import { InputError } from '../protocol/errors'
import type { FeatureHeat, RunDetail } from '../protocol/requests'
import type { FeatureId } from '../protocol/values'

/** Activations by token, 0 where the feature is not among those recorded. Rejects a layer whose features the run did not read. */
export function featureHeat(run: Pick<RunDetail, 'id' | 'tokens' | 'features'>, feature: FeatureId): FeatureHeat {
  const byToken = run.features[feature.layer]
  if (!byToken) throw new InputError(`layer ${feature.layer} was not read in this run`, 'add the layer to the settings and run the prompt again')
  const activations = byToken.map((entries) => entries.find((entry) => entry.feature === feature.feature)?.activation ?? 0)
  // Position 0 would flatten everything else; where a feature fires on outliers only, they have to do.
  const ordinary = activations.filter((_, index) => !run.tokens[index]?.outlier)
  const max = Math.max(0, ...ordinary)
  return { runId: run.id, feature, activations, max: max > 0 ? max : Math.max(0, ...activations) }
}
