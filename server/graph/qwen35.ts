// Qwen3.5 as a graph: most layers mix positions by a gated delta rule, every fourth by attention with an output gate.
import type { Qwen35Config, Qwen35MoeConfig } from '../formats/modelConfig'
import { attention, scaledNorm } from './attention'
import { decoderGraph, type Block, type DecoderParts, type MemoryNames, type WeightMaker } from './decoderGraph'
import { deltaNet } from './deltaNet'
import { denseMlp } from './denseDecoder'
import type { PrepareLinear } from './linear'
import { float32Weight, type WeightSource } from './weights'

/** The dense model's bytes; see `decoderGraph`. */
export function qwen35Graph(config: Qwen35Config, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return qwen35Decoder(config, (make, _layer, prefix) => denseMlp(make, `${prefix}mlp.`), weights, linear)
}

/** The decoder of Qwen3.5 with any feed-forward block. */
export function qwen35Decoder(config: Qwen35Config | Qwen35MoeConfig, feedForward: DecoderParts['feedForward'], weights: WeightSource, linear: PrepareLinear): Uint8Array {
  return decoderGraph(config, {
    norm: onePlusNorm,
    mixer: (make, layer, prefix, memory) =>
      config.layerKinds[layer] === 'linear_attention'
        ? deltaNet(make, `${prefix}linear_attn.`, config.deltaNet, config.rmsNormEps, memory)
        : gatedAttention(make, `${prefix}self_attn.`, config, memory),
    feedForward,
  }, weights, linear)
}

/** Norms here multiply by 1 + w; summed in float32, where the stored type would lose digits. */
function onePlusNorm({ main, weights }: WeightMaker, name: string): string {
  return main.node('Add', [float32Weight(main, weights, name), main.constant('one', 'f32', [], Float32Array.of(1))])
}

function gatedAttention(make: WeightMaker, prefix: string, config: Qwen35Config | Qwen35MoeConfig, memory: MemoryNames): Block {
  const matrix = (name: string) => make.linear(make.main, make.weights, `${prefix}${name}.weight`)
  const norm = (name: string) => onePlusNorm(make, `${prefix}${name}.weight`)
  const weights = { query: matrix('q_proj'), key: matrix('k_proj'), value: matrix('v_proj'), output: matrix('o_proj'), scaledQueryNorm: scaledNorm(make.main, norm('q_norm'), config.headDim), keyNorm: norm('k_norm') }
  const shape = { heads: config.heads, kvHeads: config.kvHeads, headDim: config.headDim, rotaryDim: config.rope.rotaryDim, epsilon: config.rmsNormEps, hasOutputGate: true }
  return (graph, x) => attention(graph, x, shape, weights, memory.past, memory.next)
}
