// How well SAEs explain the residuals of a text: the share that their reconstruction leaves, per layer, from the errors per token.
import type { LayerFit } from '../protocol/requests'

/** Shares above this on most layers mean that the SAEs were made for something else: published ones leave 0.1 to 0.7. */
const POOR_SHARE = 0.8

/** By layer, the error of each token, ‖x − x̂‖² / ‖x‖². */
export type ReconstructionErrors = { readonly [layer: number]: readonly number[] }

/** Means over tokens that are no outliers, which no SAE was trained on; over all where there are only such. Layers ascending. */
export function layerFits(errors: ReconstructionErrors, isOutlier: (token: number) => boolean): LayerFit[] {
  return Object.entries(errors).map(([layer, byToken]) => {
    const usual = byToken.filter((_, token) => !isOutlier(token))
    const counted = usual.length > 0 ? usual : byToken
    return { layer: Number(layer), unexplained: counted.reduce((sum, error) => sum + error, 0) / Math.max(1, counted.length), tokens: counted.length }
  }).sort((a, b) => a.layer - b.layer)
}

/** True when the set does not seem to belong to the model. */
export function isPoorFit(fits: readonly LayerFit[]): boolean {
  return fits.filter(({ unexplained }) => unexplained > POOR_SHARE || Number.isNaN(unexplained)).length > fits.length / 2
}
