// What is known at one token of a branch: what conditions, log messages and detectors may ask about.
import type { FeatureActivation, FeatureId } from '../protocol/values'
import type { DebugToken } from './branch'

/** What must be read of each token before it can be asked about. */
export interface Needs {
  /** Layers whose features are asked about. */
  readonly layers: readonly number[]
  /** Whether predictions are: `prob`, `entropy`, `rank`. Generated tokens always have theirs. */
  readonly predictions: boolean
}

export const NO_NEEDS: Needs = { layers: [], predictions: false }

/** What all of them need together; layers ascending, each once. */
export function joinedNeeds(all: readonly Needs[]): Needs {
  return {
    layers: [...new Set(all.flatMap(({ layers }) => layers))].sort((a, b) => a - b),
    predictions: all.some(({ predictions }) => predictions),
  }
}

/** One token of a branch, with what was needed of it. */
export interface Facts {
  readonly position: number
  readonly token: DebugToken
  /** The branch's tokens up to this one and beyond. */
  readonly tokens: readonly DebugToken[]
  /** Of the residual as it arrived at the layer, 0 where the feature is not among the top k. Throws for a layer that was not needed. */
  activation(feature: FeatureId): number
  /** Strongest first. Throws for a layer that was not needed. */
  features(layer: number): readonly FeatureActivation[]
  /** Euclidean norm of resid_post as it arrived. Throws for a layer that was not needed. */
  residualNorm(layer: number): number
}
