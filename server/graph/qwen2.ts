// Qwen2 and Qwen2.5: a dense decoder with biases on queries, keys and values.
import type { Qwen2Config } from '../formats/modelConfig'
import { denseDecoderGraph } from './denseDecoder'
import type { PrepareLinear } from './linear'
import type { WeightSource } from './weights'

/** The model's bytes; see `denseDecoderGraph`. */
export function qwen2Graph(config: Qwen2Config, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return denseDecoderGraph(config, { headNorms: false, attentionBias: 'query, key and value', mlpBias: false }, weights, linear)
}
