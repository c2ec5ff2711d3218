// Configurations of Llama-style and Qwen2-style models that people have, as published, with what their parameters and tensors must come to.
import type { Backbone } from './backbones'

const stored = { isFused: false, prefix: 'model.' }

export const DENSE_DECODERS: readonly Backbone[] = [
  {
    name: 'Llama-3.1-8B', parameters: 8_030_261_248, tensors: 291, ...stored,
    config: {
      architectures: ['LlamaForCausalLM'], model_type: 'llama', attention_bias: false, hidden_act: 'silu', hidden_size: 4096, intermediate_size: 14336, max_position_embeddings: 131072,
      mlp_bias: false, num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 8, rms_norm_eps: 1e-5, rope_theta: 500000, tie_word_embeddings: false, vocab_size: 128256,
      rope_scaling: { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192, rope_type: 'llama3' },
    },
  },
  {
    name: 'Mistral-7B-v0.3', parameters: 7_248_023_552, tensors: 291, ...stored,
    config: {
      architectures: ['MistralForCausalLM'], model_type: 'mistral', hidden_act: 'silu', hidden_size: 4096, intermediate_size: 14336, max_position_embeddings: 32768, num_attention_heads: 32,
      num_hidden_layers: 32, num_key_value_heads: 8, rms_norm_eps: 1e-5, rope_theta: 1000000, sliding_window: null, tie_word_embeddings: false, vocab_size: 32768,
    },
  },
  {
    name: 'Qwen2.5-7B', parameters: 7_615_616_512, tensors: 339, ...stored,
    config: {
      architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', hidden_act: 'silu', hidden_size: 3584, intermediate_size: 18944, max_position_embeddings: 131072, max_window_layers: 28,
      num_attention_heads: 28, num_hidden_layers: 28, num_key_value_heads: 4, rms_norm_eps: 1e-6, rope_theta: 1000000, sliding_window: 131072, use_sliding_window: false,
      tie_word_embeddings: false, vocab_size: 152064,
    },
  },
]
