// What was read of a token's layers, and the facts that rules and conditions are asked with.
import type { FeatureActivation } from '../../protocol/values'
import type { DebugToken } from '../branch'
import type { Facts } from '../facts'

/** One layer at one token: features of the residual as it arrived, strongest first, and its Euclidean norm. */
export interface LayerReading {
  readonly features: readonly FeatureActivation[]
  readonly residualNorm: number
}

/** By layer. */
export type Readings = ReadonlyMap<number, LayerReading>

export const NO_READINGS: Readings = new Map()

/** Facts of the token at `position`. */
export function factsAt(position: number, tokens: readonly DebugToken[], readings: Readings): Facts {
  const reading = (layer: number): LayerReading => {
    const found = readings.get(layer)
    if (!found) throw new Error(`layer ${layer} was not needed at token ${position}`)
    return found
  }
  return {
    position,
    token: tokens[position]!,
    tokens,
    activation: ({ layer, feature }) => reading(layer).features.find((active) => active.feature === feature)?.activation ?? 0,
    features: (layer) => reading(layer).features,
    residualNorm: (layer) => reading(layer).residualNorm,
  }
}
