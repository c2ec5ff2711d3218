// A Top-K SAE's encoder as a graph: a = TopK_k(ReLU(x W_encᵀ + b_enc)). The residual goes in as it is: no normalisation, no b_dec.
import { isRowMajor, type StoredTensor } from '../formats/tensorEntry'
import { InputError } from '../protocol/errors'
import { GraphWriter } from './onnxWriter'
import { float32Weight, type WeightSource } from './weights'

/** The encoder's shape; its tensors are called `W_enc` and `b_enc` in the weight source. */
export interface SaeShape {
  readonly dModel: number
  readonly dSae: number
  readonly k: number
}

/**
 * The encoder's bytes: `x` (T, d_model) → `activations` (T, k), highest first, and `features` (T, k), their indices.
 * `W_enc` (d_sae, d_model) may be stored row-major or as its transpose.
 */
export function saeEncoderGraph({ dModel, dSae, k }: SaeShape, weights: WeightSource): Uint8Array {
  const main = new GraphWriter('sae')
  const transposed = isStoredTransposed(weights.tensor('W_enc'))
  const W_enc = float32Weight(main, weights, 'W_enc', transposed ? [dModel, dSae] : [dSae, dModel])
  const b_enc = float32Weight(main, weights, 'b_enc', [dSae])
  main.input('x', 'f32', ['T', dModel])
  const positive = main.node('Relu', [main.node('Gemm', ['x', W_enc, b_enc], { transB: transposed ? 0 : 1 })])
  main.node('TopK', [positive, main.ints(k)], { axis: -1 }, { outputs: ['activations', 'features'] })
  main.output('activations', 'f32', ['T', k])
  main.output('features', 'i64', ['T', k])
  return main.modelBytes()
}

/** True for the layout that `tensor.T` leaves behind. Throws InputError for strides that are neither. */
function isStoredTransposed(matrix: StoredTensor): boolean {
  if (isRowMajor(matrix)) return false
  if (matrix.stride[0] === 1 && matrix.stride[1] === matrix.shape[0]) return true
  throw new InputError(`${matrix.file} tensor "${matrix.name}" has the strides [${matrix.stride.join(', ')}], which are not supported`, 'save it with contiguous()')
}
