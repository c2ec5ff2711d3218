// Encodes with float32 arithmetic over the whole of W_enc, which stays in its file; for every kind of SAE.
import type { SaeLayer } from '../../formats/saeLayer'
import { saeEncoderGraph } from '../../graph/sae'
import type { LayerEncoder, TopK } from './layerEncoder'
import { float32Data, float32Tensor, int64Data } from '../onnx'
import { openSaeGraph, type SaeSessionOptions } from './openSaeGraph'

/** Rows that are encoded together: more bring no speed and take memory. */
const CHUNK = 64

/** `norms` (d_sae), the lengths of the decoder's columns, where `needsDecoderNorms` says so. */
export async function openExactEncoder(sae: SaeLayer, norms: Float32Array | null, options: SaeSessionOptions): Promise<LayerEncoder> {
  const session = await openSaeGraph(sae, saeEncoderGraph, options)
  const dModel = sae.W_enc.shape[1]!
  const encodeChunk = async (x: Float32Array): Promise<TopK[]> => {
    const rows = x.length / dModel
    const feeds = { x: float32Tensor(x, [rows, dModel]), ...(norms && { norms: float32Tensor(norms, [sae.dSae]) }) }
    const output = await session.run(feeds, ['activations', 'features'])
    const activations = float32Data(output['activations'])
    const features = int64Data(output['features'])
    const columns = activations.length / rows
    return Array.from({ length: rows }, (_, row) => {
      let end = row * columns
      while (end < (row + 1) * columns && activations[end]! > 0) end++
      return { features: features.slice(row * columns, end), activations: activations.slice(row * columns, end) }
    })
  }
  return {
    bytes: sae.W_enc.length,
    async encode(x) {
      const tops: TopK[] = []
      for (let start = 0; start < x.length; start += CHUNK * dModel) tops.push(...(await encodeChunk(x.subarray(start, start + CHUNK * dModel))))
      return tops
    },
    release: () => session.release(),
  }
}
