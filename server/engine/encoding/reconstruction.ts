// How much of a residual an SAE leaves unexplained: its decoder as a session, and the error of what comes out of it.
import type { SaeLayer } from '../../formats/saeLayer'
import { saeDecoderGraph } from '../../graph/saeDecoder'
import type { TokenScale } from './inputScale'
import type { TopK } from './layerEncoder'
import { float32Data, float32Tensor } from '../onnx'
import { openSaeGraph, type SaeSessionOptions } from './openSaeGraph'
import type { Resident } from './residents'

export interface SaeReconstruction extends Resident {
  /** ‖x − x̂‖² / ‖x‖² of each row of `x` (T, d_model), whose features and scales these are. */
  error(x: Float32Array, tops: readonly TopK[], scales: readonly TokenScale[]): Promise<Float32Array>
}

/** Rows that are decoded together: each takes a number per feature of the SAE. */
const CHUNK = 64

/** `norms` (d_sae), the lengths of the decoder's columns, where `needsDecoderNorms` says so. */
export async function openReconstruction(sae: SaeLayer, norms: Float32Array | null, options: SaeSessionOptions): Promise<SaeReconstruction> {
  const session = await openSaeGraph(sae, saeDecoderGraph, options)
  const [dModel, dSae] = [sae.W_dec.shape[0]!, sae.dSae]

  const decode = async (tops: readonly TopK[]): Promise<Float32Array> => {
    const a = new Float32Array(tops.length * dSae)
    tops.forEach(({ features, activations }, row) => {
      features.forEach((feature, i) => {
        const norm = sae.decoderNorm === 'folded' ? norms![feature]! : 1
        a[row * dSae + feature] = norm > 0 ? activations[i]! / norm : 0
      })
    })
    return float32Data((await session.run({ a: float32Tensor(a, [tops.length, dSae]) }, ['x']))['x'])
  }

  return {
    bytes: sae.W_dec.length,
    async error(x, tops, scales) {
      const errors: number[] = []
      for (let first = 0; first < tops.length; first += CHUNK) {
        const decoded = await decode(tops.slice(first, first + CHUNK))
        for (let row = 0; row < decoded.length / dModel; row++) {
          const { factor, mean } = scales[first + row]!
          let error = 0
          let total = 0
          for (let i = 0; i < dModel; i++) {
            const value = x[(first + row) * dModel + i]!
            error += (value - (factor * decoded[row * dModel + i]! + mean)) ** 2
            total += value ** 2
          }
          // Not a number stays one: it must not look like a perfect fit.
          errors.push(total === 0 ? 0 : error / total)
        }
      }
      return Float32Array.from(errors)
    },
    release: () => session.release(),
  }
}
