// A model that is not supported: the refusal names the parts that its config.json shows. Fields as the models' makers publish them.
import { expect, test } from 'vitest'
import { parseModelConfig } from '../../../../server/formats/modelConfig'
import { refusal } from '../refusal'

const line = (json: object): string => refusal(() => parseModelConfig(json, 'config.json'))
const of = (className: string, fields: object = {}): object => ({ architectures: [className], ...fields })

test.each<[className: string, fields: object, because: string]>([
  ['Gemma2ForCausalLM', { hidden_act: 'gelu_pytorch_tanh', sliding_window: 4096, query_pre_attn_scalar: 256, attn_logit_softcapping: 50, final_logit_softcapping: 30, tie_word_embeddings: true },
    'capped attention scores (attn_logit_softcapping 50), capped logits (final_logit_softcapping 30), a scale of attention scores (query_pre_attn_scalar 256), hidden_act "gelu_pytorch_tanh" and a sliding window of attention (sliding_window 4096)'],
  ['Gemma3ForConditionalGeneration', { text_config: { sliding_window: 1024, layer_types: ['sliding_attention', 'full_attention'] }, vision_config: {} }, 'images (vision_config) and a sliding window of attention (sliding_window 1024)'],
  ['Phi3ForCausalLM', { hidden_act: 'silu', rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } }, 'matrices stored as one (qkv_proj, gate_up_proj) and the rope type "longrope"'],
  ['GPT2LMHeadModel', { n_embd: 768, n_positions: 1024, layer_norm_epsilon: 1e-5, activation_function: 'gelu_new' }, 'layer normalisation (layer_norm_epsilon), learned positions (n_positions) and activation_function "gelu_new"'],
  ['Qwen3NextForCausalLM', { num_experts: 512, linear_num_key_heads: 16 }, 'matrices stored as one (in_proj_qkvz, in_proj_ba) and routed experts of its own kind (num_experts 512)'],
  ['DeepseekV3ForCausalLM', { kv_lora_rank: 512, n_routed_experts: 256, rope_scaling: { type: 'yarn', factor: 40 } }, 'latent attention (kv_lora_rank), routed experts of its own kind (n_routed_experts 256) and the rope type "yarn"'],
  ['MixtralForCausalLM', { num_local_experts: 8, sliding_window: null }, 'routed experts of its own kind (num_local_experts 8)'],
  ['CohereForCausalLM', { layer_norm_eps: 1e-5, logit_scale: 0.0625, use_qk_norm: true }, 'layer normalisation (layer_norm_eps), scaled logits (logit_scale 0.0625) and normalised queries and keys (use_qk_norm)'],
  ['GraniteForCausalLM', { embedding_multiplier: 12, logits_scaling: 8, residual_multiplier: 0.22, attention_multiplier: 0.0078125 },
    'a scale of attention scores (attention_multiplier 0.0078125), scaled logits (logits_scaling 8), scaled embeddings (embedding_multiplier 12) and scaled layers (residual_multiplier 0.22)'],
  ['SmolLM3ForCausalLM', { no_rope_layers: [1, 1, 1, 0], use_sliding_window: false }, 'layers without rotary embedding (no_rope_layers)'],
  ['FalconForCausalLM', { alibi: true, parallel_attn: true }, 'position biases (alibi) and attention and feed-forward in parallel (parallel_attn)'],
  ['T5ForConditionalGeneration', { is_encoder_decoder: true, layer_norm_epsilon: 1e-6 }, 'an encoder beside the decoder (is_encoder_decoder)'],
  ['MambaForCausalLM', { state_size: 16, layer_norm_epsilon: 1e-5 }, 'a state space (state_size)'],
  ['Olmo2ForCausalLM', { rms_norm_eps: 1e-6 }, 'normalisation after attention and feed-forward'],
])('%s', (className, fields, because) => {
  expect(line(of(className, fields))).toBe(
    `config.json architecture "${className}" is not supported, because of ${because}; choose a model of the architecture qwen3, qwen3_moe, qwen3_5, qwen3_5_moe, llama or qwen2`,
  )
})

test.each<[what: string, json: object, start: string]>([
  ['an architecture of which nothing shows', of('NewForCausalLM', { hidden_act: 'silu' }), 'config.json architecture "NewForCausalLM" is not supported: it is unknown as a whole, and config.json does not show what sets it apart; choose'],
  ['a model without a name but with a type', { model_type: 'gemma2', final_logit_softcapping: 30 }, 'config.json model_type "gemma2" is not supported, because of capped logits (final_logit_softcapping 30); choose'],
  ['a classifier', of('LlamaForSequenceClassification'), 'config.json architecture "LlamaForSequenceClassification" is not supported, because it gives no logits of next tokens; choose'],
  ['an encoder', of('BertModel'), 'config.json architecture "BertModel" is not supported, because it gives no logits of next tokens; choose'],
  ['parts that are not objects', of('NewForCausalLM', { text_config: 3, rope_scaling: 'yarn', layer_types: 'all', no_rope_layers: 1 }), 'config.json architecture "NewForCausalLM" is not supported: it is unknown'],
])('%s', (_, json, start) => expect(line(json).slice(0, start.length)).toBe(start))

test.each<[method: string, fields: object]>([
  ['quantization_config "gptq"', { quantization_config: { quant_method: 'gptq', bits: 4 } }],
  ['quantization_config "awq"', { quantization_config: { quant_method: 'awq' } }],
  ['quantization_config "fp8"', { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] } }],
  ['quantization_config "unknown"', { quantization_config: { bits: 4 } }],
  ['quantization_config "fp8"', { text_config: { quantization_config: { quant_method: 'fp8' } } }],
  ['compression_config "compressed-tensors"', { compression_config: {} }],
  ['quantization "mlx"', { quantization: { group_size: 64, bits: 4 } }],
])('weights with %s are refused whatever the architecture', (method, fields) => {
  for (const className of ['Qwen3ForCausalLM', 'Qwen3MoeForCausalLM', 'Qwen3_5ForConditionalGeneration', 'LlamaForCausalLM', 'NewForCausalLM']) {
    expect(line(of(className, fields))).toBe(`config.json describes quantised weights (${method}), which are not supported; choose the checkpoint of the model that is not quantised`)
  }
})
