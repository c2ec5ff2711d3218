// The decoder of an SAE as a graph: x̂ = a W_decᵀ + b_dec, for measuring how much of a residual the SAE explains.
import type { SaeLayer } from '../formats/saeLayer'
import { GraphWriter } from './onnxWriter'
import { matrix, sourceOf } from './sae'
import { float32Weight, type WeightSource } from './weights'

/** The decoder's bytes: `a` (T, d_sae) → `x` (T, d_model), in the scale that the encoder reads. */
export function saeDecoderGraph(sae: SaeLayer, location: WeightSource['location']): Uint8Array {
  const main = new GraphWriter('sae_decoder')
  const weights = sourceOf(sae, location)
  const [dModel, dSae] = [sae.W_dec.shape[0]!, sae.W_dec.shape[1]!]
  main.input('a', 'f32', ['T', dSae])
  const { weight, transposed } = matrix(main, weights, 'W_dec')
  const bias = sae.b_dec ? [float32Weight(main, weights, 'b_dec', [dModel])] : []
  main.node('Gemm', ['a', weight, ...bias], { transB: transposed ? 0 : 1 }, { outputs: ['x'] })
  main.output('x', 'f32', ['T', dModel])
  return main.modelBytes()
}
