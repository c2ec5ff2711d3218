// Which tensors a checkpoint of each architecture holds, by their Hugging Face names, and their shapes.
import type { ModelConfig, Qwen3Config } from './modelConfig'

/** Name and shape of every tensor that the model's graph reads, in the order of the forward pass. Linear weights are (out, in). */
export function modelTensors(config: ModelConfig): Map<string, readonly number[]> {
  return { qwen3: qwen3Tensors }[config.architecture](config)
}

/** https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen3/modeling_qwen3.py */
function qwen3Tensors(config: Qwen3Config): Map<string, readonly number[]> {
  const { dModel, dFfn, headDim, vocabSize } = config
  const dQuery = config.heads * headDim
  const dKey = config.kvHeads * headDim
  const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [vocabSize, dModel]]])
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}.`
    shapes.set(`${prefix}input_layernorm.weight`, [dModel])
    shapes.set(`${prefix}self_attn.q_proj.weight`, [dQuery, dModel])
    shapes.set(`${prefix}self_attn.k_proj.weight`, [dKey, dModel])
    shapes.set(`${prefix}self_attn.v_proj.weight`, [dKey, dModel])
    shapes.set(`${prefix}self_attn.q_norm.weight`, [headDim])
    shapes.set(`${prefix}self_attn.k_norm.weight`, [headDim])
    shapes.set(`${prefix}self_attn.o_proj.weight`, [dModel, dQuery])
    shapes.set(`${prefix}post_attention_layernorm.weight`, [dModel])
    shapes.set(`${prefix}mlp.gate_proj.weight`, [dFfn, dModel])
    shapes.set(`${prefix}mlp.up_proj.weight`, [dFfn, dModel])
    shapes.set(`${prefix}mlp.down_proj.weight`, [dModel, dFfn])
  }
  shapes.set('model.norm.weight', [dModel])
  if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [vocabSize, dModel])
  return shapes
}
