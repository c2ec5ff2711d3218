// A dense decoder as a graph over a checkpoint's own files: n = norm(x); x += attention(n); n = norm(x); x += mlp(n); logits = norm(x) W_headᵀ.
import type { DecoderConfig } from '../formats/modelConfig'
import { attention } from './attention'
import { biasedLinear } from './biasedLinear'
import { addStages, inner } from './decoderStages'
import { newKey, newValue, pastKey, pastValue } from './layerMemory'
import type { PrepareLinear } from './linear'
import { mlp } from './mlp'
import { ELEMENT_TYPE, GraphWriter } from './onnxWriter'
import { rmsNorm } from './rmsNorm'
import { float32Weight, storedWeight, type WeightSource } from './weights'

/** What dense decoders differ in. */
export interface DenseParts {
  /** Queries and keys are normalised per head before the rotation. */
  readonly headNorms: boolean
  /** Which matrices of attention have a bias. */
  readonly attentionBias: 'none' | 'query, key and value' | 'all'
  readonly mlpBias: boolean
}

/** The model's bytes; inputs and outputs as `addStages` describes them. `linear` decides the precision of every matrix. */
export function denseDecoderGraph(name: string, config: DecoderConfig, parts: DenseParts, weights: WeightSource, linear: PrepareLinear): Uint8Array {
  const main = new GraphWriter(name)
  const epsilon = config.rmsNormEps
  const shape = { heads: config.heads, kvHeads: config.kvHeads, headDim: config.headDim, epsilon }
  const matrix = (name: string, biased = false) => (biased ? biasedLinear(linear) : linear)(main, weights, name)
  const vector = (name: string) => float32Weight(main, weights, name)

  const { headNorms, attentionBias, mlpBias } = parts
  const embedding = storedWeight(main, weights, 'model.embed_tokens.weight')
  const head = matrix(config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight')
  const finalNorm = vector('model.norm.weight')
  const layers = Array.from({ length: config.layers }, (_, layer) => {
    const prefix = `model.layers.${layer}.`
    return {
      inputNorm: vector(`${prefix}input_layernorm.weight`),
      attention: {
        query: matrix(`${prefix}self_attn.q_proj.weight`, attentionBias !== 'none'),
        key: matrix(`${prefix}self_attn.k_proj.weight`, attentionBias !== 'none'),
        value: matrix(`${prefix}self_attn.v_proj.weight`, attentionBias !== 'none'),
        output: matrix(`${prefix}self_attn.o_proj.weight`, attentionBias === 'all'),
        ...(headNorms && { queryNorm: vector(`${prefix}self_attn.q_norm.weight`), keyNorm: vector(`${prefix}self_attn.k_norm.weight`) }),
      },
      mlpNorm: vector(`${prefix}post_attention_layernorm.weight`),
      mlp: {
        gate: matrix(`${prefix}mlp.gate_proj.weight`, mlpBias),
        up: matrix(`${prefix}mlp.up_proj.weight`, mlpBias),
        down: matrix(`${prefix}mlp.down_proj.weight`, mlpBias),
      },
    }
  })

  addStages(main, { dModel: config.dModel, vocabSize: config.vocabSize, rotaryDim: config.rope.rotaryDim, memories: Array.from(layers, () => ({ kind: 'keysAndValues', kvHeads: config.kvHeads, headDim: config.headDim })) }, {
    embed: (graph) => {
      const rows = graph.node('Gather', [embedding, 'token_ids'], { axis: 0 })
      return graph.node('Cast', [rows], { to: ELEMENT_TYPE.f32 })
    },
    layer: (graph, index, x) => {
      const layer = layers[index]!
      const past = { key: pastKey(index), value: pastValue(index) }
      const newRows = { key: inner(newKey(index)), value: inner(newValue(index)) }
      const attended = attention(graph, rmsNorm(graph, x, layer.inputNorm, epsilon), shape, layer.attention, past, newRows)
      const middle = graph.node('Add', [x, attended])
      return graph.node('Add', [middle, mlp(graph, rmsNorm(graph, middle, layer.mlpNorm, epsilon), layer.mlp)])
    },
    head: (graph, rows) => head(graph, rmsNorm(graph, rows, finalNorm, epsilon)),
  })
  return main.modelBytes()
}
