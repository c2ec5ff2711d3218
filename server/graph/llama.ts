// Llama, Mistral and others with the same layer: a dense decoder whose biases config.json decides.
import type { LlamaConfig } from '../formats/modelConfig'
import { denseDecoderGraph } from './denseDecoder'
import type { PrepareLinear } from './linear'
import type { WeightSource } from './weights'

/** The model's bytes; see `denseDecoderGraph`. */
export function llamaGraph(config: LlamaConfig, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return denseDecoderGraph(config, { headNorms: false, attentionBias: config.attentionBias ? 'all' : 'none', mlpBias: config.mlpBias }, weights, linear)
}
