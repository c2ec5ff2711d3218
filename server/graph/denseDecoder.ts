// Dense decoders of one family, from Llama to Qwen3: attention, then a gated feed-forward block, in every layer.
import type { DecoderConfig, LlamaConfig, Qwen2Config, Qwen3Config } from '../formats/modelConfig'
import { attention, scaledNorm, type AttentionWeights } from './attention'
import { biasedLinear } from './biasedLinear'
import { decoderGraph, type Block, type DecoderParts, type MemoryNames, type WeightMaker } from './decoderGraph'
import type { PrepareLinear } from './linear'
import { mlp } from './mlp'
import { float32Weight, type WeightSource } from './weights'

/** What dense decoders differ in. */
export interface DenseParts {
  /** Queries and keys are normalised per head before the rotation. */
  readonly headNorms: boolean
  /** Which matrices of attention have a bias. */
  readonly attentionBias: 'none' | 'query, key and value' | 'all'
  readonly mlpBias: boolean
}

/** The model's bytes. `linear` decides the precision of every matrix. */
export function denseDecoderGraph(config: Qwen3Config | Qwen2Config | LlamaConfig, parts: DenseParts, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return decoderGraph(config, {
    norm: plainNorm,
    mixer: (make, _layer, prefix, memory) => plainAttention(make, `${prefix}self_attn.`, config, parts, memory),
    feedForward: (make, _layer, prefix) => denseMlp(make, `${prefix}mlp.`, parts.mlpBias),
  }, weights, linear)
}

/** A norm that multiplies by its stored weight. */
export const plainNorm: DecoderParts['norm'] = ({ main, weights }, name) => float32Weight(main, weights, name)

/** Attention without an output gate; `prefix` stands before `q_proj`. */
export function plainAttention(
  make: WeightMaker, prefix: string, config: DecoderConfig, { headNorms, attentionBias }: Pick<DenseParts, 'headNorms' | 'attentionBias'>, memory: MemoryNames,
): Block {
  const matrix = (name: string, isBiased: boolean) => (isBiased ? biasedLinear(make.linear) : make.linear)(make.main, make.weights, `${prefix}${name}.weight`)
  const vector = (name: string) => float32Weight(make.main, make.weights, `${prefix}${name}.weight`)
  const weights: AttentionWeights = {
    query: matrix('q_proj', attentionBias !== 'none'),
    key: matrix('k_proj', attentionBias !== 'none'),
    value: matrix('v_proj', attentionBias !== 'none'),
    output: matrix('o_proj', attentionBias === 'all'),
    ...(headNorms && { scaledQueryNorm: scaledNorm(make.main, vector('q_norm'), config.headDim), keyNorm: vector('k_norm') }),
  }
  const shape = { heads: config.heads, kvHeads: config.kvHeads, headDim: config.headDim, rotaryDim: config.rope.rotaryDim, epsilon: config.rmsNormEps }
  return (graph, x) => attention(graph, x, shape, weights, memory.past, memory.next)
}

/** `prefix` stands before `gate_proj`. */
export function denseMlp(make: WeightMaker, prefix: string, isBiased = false): Block {
  const matrix = (name: string) => (isBiased ? biasedLinear(make.linear) : make.linear)(make.main, make.weights, `${prefix}${name}.weight`)
  const weights = { gate: matrix('gate_proj'), up: matrix('up_proj'), down: matrix('down_proj') }
  return (graph, x) => mlp(graph, x, weights)
}
