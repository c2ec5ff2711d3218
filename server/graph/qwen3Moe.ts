// Qwen3 with experts: the attention of Qwen3, and routed experts in the place of the feed-forward block.
import type { Qwen3MoeConfig } from '../formats/modelConfig'
import { decoderGraph } from './decoderGraph'
import { denseMlp, plainAttention, plainNorm } from './denseDecoder'
import { experts } from './experts'
import type { PrepareLinear } from './linear'
import type { WeightSource } from './weights'

/** The model's bytes; see `decoderGraph`. */
export function qwen3MoeGraph(config: Qwen3MoeConfig, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return decoderGraph(config, {
    norm: plainNorm,
    mixer: (make, _layer, prefix, memory) => plainAttention(make, `${prefix}self_attn.`, config, { headNorms: true, attentionBias: 'none' }, memory),
    feedForward: (make, layer, prefix) => (config.denseLayers.includes(layer) ? denseMlp(make, `${prefix}mlp.`) : experts(make, `${prefix}mlp.`, config.experts)),
  }, weights, linear)
}
