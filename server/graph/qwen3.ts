// Qwen3 dense: a dense decoder that normalises queries and keys per head, without biases.
import type { Qwen3Config } from '../formats/modelConfig'
import { denseDecoderGraph } from './denseDecoder'
import type { PrepareLinear } from './linear'
import type { WeightSource } from './weights'

/** The model's bytes; see `denseDecoderGraph`. */
export function qwen3Graph(config: Qwen3Config, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return denseDecoderGraph(config, { headNorms: true, attentionBias: 'none', mlpBias: false }, weights, linear)
}
