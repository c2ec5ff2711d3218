// How a feature and an edit of it are written for people.
import type { FeatureId } from '../server/protocol/values'

/** `L14/6159`. */
export function featureName({ layer, feature }: FeatureId): string {
  return `L${layer}/${feature}`
}

/** Reads `L14/6159`, or null when `text` is something else. */
export function parseFeatureName(text: string): FeatureId | null {
  const match = /^\s*L(\d+)\/(\d+)\s*$/i.exec(text)
  return match ? { layer: Number(match[1]), feature: Number(match[2]) } : null
}

export function sameFeature(a: FeatureId, b: FeatureId): boolean {
  return a.layer === b.layer && a.feature === b.feature
}
