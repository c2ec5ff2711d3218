// The configurations of Qwen-Scope's seven backbones as published, with what their parameters and tensors must come to.
// Values: the models' config.json and cards; counts: computed from the shapes, in agreement with the published sizes.

export interface Backbone {
  readonly name: string
  readonly config: object
  /** Of the language model alone. */
  readonly parameters: number
  /** Tensors of the language model as its files name them. */
  readonly tensors: number
  /** Experts of a layer in one tensor, as Qwen3.5 is published. */
  readonly isFused: boolean
  readonly prefix: string
}

const qwen3 = (size: object): object => ({
  architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', attention_bias: false, head_dim: 128, hidden_act: 'silu', max_position_embeddings: 32768, num_key_value_heads: 8,
  rms_norm_eps: 1e-6, rope_scaling: null, rope_theta: 1_000_000, sliding_window: null, torch_dtype: 'bfloat16', use_sliding_window: false, vocab_size: 151936, ...size,
})

const LINEAR_HEADS = { linear_num_key_heads: 16, linear_key_head_dim: 128, linear_value_head_dim: 128, linear_conv_kernel_dim: 4 }

function qwen35(kind: 'Qwen3_5' | 'Qwen3_5Moe', isTied: boolean, text: { readonly num_hidden_layers: number } & Readonly<Record<string, number>>): object {
  const type = kind === 'Qwen3_5' ? 'qwen3_5' : 'qwen3_5_moe'
  return {
    architectures: [`${kind}ForConditionalGeneration`], model_type: type, image_token_id: 248056, video_token_id: 248057, vision_start_token_id: 248053, vision_end_token_id: 248054,
    tie_word_embeddings: isTied,
    text_config: {
      attention_bias: false, attn_output_gate: true, dtype: 'bfloat16', eos_token_id: 248044, full_attention_interval: 4, head_dim: 256, hidden_act: 'silu', ...LINEAR_HEADS,
      layer_types: Array.from({ length: text.num_hidden_layers }, (_, layer) => (layer % 4 === 3 ? 'full_attention' : 'linear_attention')), mamba_ssm_dtype: 'float32',
      max_position_embeddings: 262144, mlp_only_layers: [], model_type: `${type}_text`, mtp_num_hidden_layers: 1, mtp_use_dedicated_embeddings: false, rms_norm_eps: 1e-6,
      rope_parameters: { mrope_interleaved: true, mrope_section: [11, 11, 10], partial_rotary_factor: 0.25, rope_theta: 10_000_000, rope_type: 'default' }, vocab_size: 248320, ...text,
    },
    vision_config: { depth: 24, hidden_size: 1024, model_type: type },
  }
}

export const BACKBONES: readonly Backbone[] = [
  {
    name: 'Qwen3-1.7B-Base', parameters: 1_720_574_976, tensors: 310, isFused: false, prefix: 'model.',
    config: qwen3({ hidden_size: 2048, intermediate_size: 6144, num_attention_heads: 16, num_hidden_layers: 28, tie_word_embeddings: true }),
  },
  {
    name: 'Qwen3-8B-Base', parameters: 8_190_735_360, tensors: 399, isFused: false, prefix: 'model.',
    config: qwen3({ hidden_size: 4096, intermediate_size: 12288, num_attention_heads: 32, num_hidden_layers: 36, tie_word_embeddings: false }),
  },
  {
    name: 'Qwen3-30B-A3B-Base', parameters: 30_532_122_624, tensors: 18_867, isFused: false, prefix: 'model.',
    config: {
      ...qwen3({ hidden_size: 2048, intermediate_size: 6144, num_attention_heads: 32, num_hidden_layers: 48, tie_word_embeddings: false }),
      architectures: ['Qwen3MoeForCausalLM'], model_type: 'qwen3_moe', num_key_value_heads: 4, decoder_sparse_step: 1, mlp_only_layers: [], moe_intermediate_size: 768,
      norm_topk_prob: true, num_experts: 128, num_experts_per_tok: 8,
    },
  },
  {
    name: 'Qwen3.5-2B-Base', parameters: 1_881_825_088, tensors: 320, isFused: false, prefix: 'model.language_model.',
    config: qwen35('Qwen3_5', true, { hidden_size: 2048, intermediate_size: 6144, num_hidden_layers: 24, num_attention_heads: 8, num_key_value_heads: 2, linear_num_value_heads: 16 }),
  },
  {
    name: 'Qwen3.5-9B-Base', parameters: 8_953_803_264, tensors: 427, isFused: false, prefix: 'model.language_model.',
    config: qwen35('Qwen3_5', false, { hidden_size: 4096, intermediate_size: 12288, num_hidden_layers: 32, num_attention_heads: 16, num_key_value_heads: 4, linear_num_value_heads: 32 }),
  },
  {
    name: 'Qwen3.5-27B', parameters: 26_895_998_464, tensors: 851, isFused: false, prefix: 'model.language_model.',
    config: qwen35('Qwen3_5', false, { hidden_size: 5120, intermediate_size: 17408, num_hidden_layers: 64, num_attention_heads: 24, num_key_value_heads: 4, linear_num_value_heads: 48 }),
  },
  {
    name: 'Qwen3.5-35B-A3B-Base', parameters: 34_660_610_688, tensors: 693, isFused: true, prefix: 'model.language_model.',
    config: qwen35('Qwen3_5Moe', false, {
      hidden_size: 2048, num_hidden_layers: 40, num_attention_heads: 16, num_key_value_heads: 2, linear_num_value_heads: 32, moe_intermediate_size: 512,
      shared_expert_intermediate_size: 512, num_experts: 256, num_experts_per_tok: 8,
    }),
  },
]
