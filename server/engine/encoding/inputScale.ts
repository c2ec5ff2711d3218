// How an SAE scales the residual of a token before it encodes it, and what takes its reconstruction back.
import type { InputScale } from '../../formats/saeLayer'

/** Of one token: the SAE reads (x − mean) / divisor and reconstructs factor · x̂ + mean, so an edit of a by δ adds δ · factor · direction. */
export interface TokenScale {
  readonly divisor: number
  readonly factor: number
  readonly mean: number
}

const UNSCALED: TokenScale = { divisor: 1, factor: 1, mean: 0 }

/** Added to the standard deviation before it divides; SAELens leaves it out again where it multiplies (sae_lens/saes/sae.py). */
const LAYER_NORM_EPSILON = 1e-5

/** The scale of one residual (d_model). */
export function tokenScale(scale: InputScale, x: Float32Array): TokenScale {
  switch (scale.kind) {
    case 'none':
      return UNSCALED
    case 'constant':
      return { divisor: scale.divisor, factor: scale.divisor, mean: 0 }
    case 'norm': {
      const divisor = Math.sqrt(sumOfSquares(x, 0) / x.length)
      return { divisor, factor: divisor, mean: 0 }
    }
    case 'layerNorm': {
      let sum = 0
      for (const value of x) sum += value
      const mean = sum / x.length
      const deviation = Math.sqrt(sumOfSquares(x, mean) / (x.length - 1))
      return { divisor: deviation + LAYER_NORM_EPSILON, factor: deviation, mean }
    }
  }
}

/** The rows of `x` (T, d_model) as the SAE reads them; the same array where nothing is scaled. */
export function scaledRows(x: Float32Array, scales: readonly TokenScale[]): Float32Array {
  if (scales.every((scale) => scale === UNSCALED)) return x
  const dModel = x.length / scales.length
  const scaled = new Float32Array(x.length)
  scales.forEach(({ divisor, mean }, row) => {
    for (let i = row * dModel; i < (row + 1) * dModel; i++) scaled[i] = divisor > 0 ? (x[i]! - mean) / divisor : 0
  })
  return scaled
}

function sumOfSquares(x: Float32Array, from: number): number {
  let sum = 0
  for (const value of x) sum += (value - from) ** 2
  return sum
}
