// Which features of an SAE may be among the strongest of a token, from an encoder rounded to 8 bits: for each an estimate and an upper bound.
import { blocksPerRow } from '../formats/quantise'
import type { QuantisedMatrix } from '../formats/quantisedLayout'
import { GraphWriter, MICROSOFT } from './onnxWriter'

/** W_enc (d_sae, d_model) rounded to 8 bits, and the file it lies in, relative to the session's base folder. */
export interface QuantisedEncoder {
  readonly matrix: QuantisedMatrix
  /** Weights that share a scale. */
  readonly block: number
  readonly location: string
}

/**
 * The graph's bytes: `h` (T, d_model); `variance` (T, blocks), see `errorVariance`; `count` (1) → `features`, `upper` and `estimate`, all (T, count),
 * highest upper bound first. The estimate is h W_encᵀ + b_enc by integer products, the upper bound is estimate + √(Σ_b variance_b · scale_fb²).
 * `bias` (d_sae).
 */
export function saeCandidatesGraph({ matrix, block, location }: QuantisedEncoder, bias: Float32Array): Uint8Array {
  const { rows: dSae, columns: dModel } = matrix
  const main = new GraphWriter('sae_candidates')
  const blocks = blocksPerRow(dModel, { bits: 8, block })
  main.input('h', 'f32', ['T', dModel])
  main.input('variance', 'f32', ['T', blocks])
  main.input('count', 'i64', [1])
  const codes = main.external('codes', 'u8', [dSae, blocks, block], { location, ...matrix.codes })
  const scales = main.external('scales', 'f32', [dSae, blocks], { location, ...matrix.scales })
  // Products of integers: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
  const attributes = { K: dModel, N: dSae, bits: 8, block_size: block, accuracy_level: 4 }
  const estimates = main.node('MatMulNBits', ['h', codes, scales, '', '', main.constant('b_enc', 'f32', [dSae], bias)], attributes, { domain: MICROSOFT })
  // Depends on constants alone, so it is computed once, as the session loads.
  const squares = main.node('Transpose', [main.node('Mul', [scales, scales])], { perm: [1, 0] })
  const errors = main.node('Sqrt', [main.node('MatMul', ['variance', squares])])
  const outputs = ['upper', 'features']
  main.node('TopK', [main.node('Add', [estimates, errors]), 'count'], { axis: -1 }, { outputs })
  main.node('GatherElements', [estimates, 'features'], { axis: 1 }, { outputs: ['estimate'] })
  main.output('upper', 'f32', ['T', 'n'])
  main.output('estimate', 'f32', ['T', 'n'])
  main.output('features', 'i64', ['T', 'n'])
  return main.modelBytes()
}

/** Standard deviations by which a value may differ from its estimate. */
const DEVIATIONS = 7

/** Root mean square of a block's weights over the greatest of them: a third for normally distributed ones, more for others. */
const RMS_OVER_GREATEST = 0.5

/**
 * The input `variance` (T, blocks) for rows `h` (T, d_model): how much of the square of a feature's possible error each block brings, per square
 * of its scale. A weight is rounded by at most half a scale, and so is an element of h to 8 bits of its block's greatest; rounding spreads evenly,
 * with a variance of 1/12. `factor` widens the bound.
 */
export function errorVariance(h: Float32Array, dModel: number, block: number, factor: number): Float32Array {
  const perRow = Math.ceil(dModel / block)
  const variance = new Float32Array((h.length / dModel) * perRow)
  const square = (DEVIATIONS * factor) ** 2 / 12
  for (let i = 0; i < variance.length; i++) {
    const start = Math.floor(i / perRow) * dModel + (i % perRow) * block
    const end = Math.min(start + block, (Math.floor(i / perRow) + 1) * dModel)
    let sum = 0
    let greatest = 0
    for (let at = start; at < end; at++) {
      const value = h[at]!
      sum += value * value
      if (value > greatest) greatest = value
      else if (-value > greatest) greatest = -value
    }
    // Weights of up to 128 scales times half a step of greatest / 127: the steps of h in units of its own.
    variance[i] = square * (sum + block * (128 * RMS_OVER_GREATEST * (greatest / 127)) ** 2)
  }
  return variance
}
