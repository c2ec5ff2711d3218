// What is known about features without running anything: the labels of their SAE set.
import type { FeatureDescription, FeatureId } from '../protocol/values'

/** Descriptions by feature name, `L14/6159`, as an SAE set's labels file gives them. */
export type FeatureLabels = ReadonlyMap<string, FeatureDescription>

/** The label of each feature, or a description without words where the set has none. */
export function describeFeature(labels: FeatureLabels, feature: FeatureId): FeatureDescription {
  return labels.get(`L${feature.layer}/${feature.feature}`) ?? { feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null }
}
