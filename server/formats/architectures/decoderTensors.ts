// The tensors that all decoders name alike, by their Hugging Face names.
import type { DecoderConfig } from '../modelConfig'
import type { TensorShapes } from './architecture'

/** A tensor's name after the layer's prefix, and its shape. */
type LayerTensor = readonly [name: string, shape: readonly number[]]
export type LayerTensors = readonly LayerTensor[]

/** Embedding, layers, final norm and head. `prefix` stands before all but the head: `model.`, `model.language_model.`. */
export function decoderTensors(config: DecoderConfig, layerTensors: (layer: number) => LayerTensors, prefix = 'model.'): TensorShapes {
  const { dModel, vocabSize } = config
  const shapes: TensorShapes = new Map([[`${prefix}embed_tokens.weight`, [vocabSize, dModel]]])
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [name, shape] of layerTensors(layer)) shapes.set(`${prefix}layers.${layer}.${name}`, shape)
  }
  shapes.set(`${prefix}norm.weight`, [dModel])
  if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [vocabSize, dModel])
  return shapes
}

/** Query, key, value and output matrices. */
export function attentionTensors({ dModel, heads, kvHeads, headDim }: DecoderConfig): readonly [query: LayerTensor, key: LayerTensor, value: LayerTensor, output: LayerTensor] {
  return [
    ['self_attn.q_proj.weight', [heads * headDim, dModel]],
    ['self_attn.k_proj.weight', [kvHeads * headDim, dModel]],
    ['self_attn.v_proj.weight', [kvHeads * headDim, dModel]],
    ['self_attn.o_proj.weight', [dModel, heads * headDim]],
  ]
}

/** Norms of queries and keys. */
export const headNormTensors = ({ headDim }: DecoderConfig): LayerTensors => [
  ['self_attn.q_norm.weight', [headDim]],
  ['self_attn.k_norm.weight', [headDim]],
]

/** Norms before attention and before the feed-forward block. */
export const layerNormTensors = ({ dModel }: DecoderConfig): LayerTensors => [
  ['input_layernorm.weight', [dModel]],
  ['post_attention_layernorm.weight', [dModel]],
]

/** A gated feed-forward block of width `dFfn`. */
export const mlpTensors = ({ dModel }: DecoderConfig, dFfn: number, prefix = 'mlp.'): LayerTensors => [
  [`${prefix}gate_proj.weight`, [dFfn, dModel]],
  [`${prefix}up_proj.weight`, [dFfn, dModel]],
  [`${prefix}down_proj.weight`, [dModel, dFfn]],
]

/** Each matrix with its bias (out). */
export const withBiases = (matrices: LayerTensors): LayerTensors =>
  matrices.flatMap(([name, shape]): LayerTensor[] => [[name, shape], [name.replace(/weight$/, 'bias'), shape.slice(0, 1)]])
