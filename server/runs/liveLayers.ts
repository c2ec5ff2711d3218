// Which layers a run reads while it generates when the user names none: all where that costs little, else those that somebody looks at.
import type { LoadedModel } from '../engine/engine'

/** Reading all layers costs little when their encoders together have at most this share of the model's own weights, … */
const CHEAP_SHARE = 1 / 8
/** … or at most so many weights: a hundredth of a second per token on two cores. */
const CHEAP_WEIGHTS = 32e6
/** Layers that are read when nobody looks at any. */
const SPREAD = 3

/**
 * Ascending. `onScreen` are the layers that are looked at, pinned or edited, as far as the SAE set has them; where there are none, a few are
 * taken spread through the model, so that there is something to look at.
 */
export function liveLayers({ identity, sae, saeLayers, parameters }: Pick<LoadedModel, 'identity' | 'sae' | 'saeLayers' | 'parameters'>, onScreen: readonly number[]): readonly number[] {
  const encoderWeights = (sae?.dSae ?? 0) * identity.dModel * saeLayers.length
  if (saeLayers.length <= SPREAD || encoderWeights <= Math.max(CHEAP_WEIGHTS, CHEAP_SHARE * parameters)) return saeLayers
  const lookedAt = saeLayers.filter((layer) => onScreen.includes(layer))
  if (lookedAt.length > 0) return lookedAt
  return Array.from({ length: SPREAD }, (_, place) => saeLayers[Math.floor(((place + 1) * saeLayers.length) / (SPREAD + 1))]!)
}
