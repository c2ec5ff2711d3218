// Llama, Mistral and Qwen2: their config.json as published, and the tensors that follow from it.
import { describe, expect, test } from 'vitest'
import { parseModelConfig } from '../../../../server/formats/modelConfig'
import { modelTensors } from '../../../../server/formats/modelTensors'
import { refusal } from '../refusal'

const llama3 = {
  architectures: ['LlamaForCausalLM'], model_type: 'llama', attention_bias: false, attention_dropout: 0.0, bos_token_id: 128000, eos_token_id: 128001, hidden_act: 'silu',
  hidden_size: 4096, intermediate_size: 14336, max_position_embeddings: 131072, mlp_bias: false, num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 8,
  pretraining_tp: 1, rms_norm_eps: 1e-5, rope_theta: 500000.0, tie_word_embeddings: false, vocab_size: 128256,
  rope_scaling: { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_max_position_embeddings: 8192, rope_type: 'llama3' },
}
const mistral = {
  architectures: ['MistralForCausalLM'], model_type: 'mistral', hidden_act: 'silu', hidden_size: 4096, intermediate_size: 14336, max_position_embeddings: 32768,
  num_attention_heads: 32, num_hidden_layers: 32, num_key_value_heads: 8, rms_norm_eps: 1e-5, rope_theta: 1000000.0, sliding_window: null, tie_word_embeddings: false, vocab_size: 32768,
}
const qwen2 = {
  architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', hidden_act: 'silu', hidden_size: 3584, intermediate_size: 18944, max_position_embeddings: 131072, max_window_layers: 28,
  num_attention_heads: 28, num_hidden_layers: 28, num_key_value_heads: 4, rms_norm_eps: 1e-6, rope_theta: 1000000.0, sliding_window: 131072, use_sliding_window: false,
  tie_word_embeddings: false, vocab_size: 152064,
}

describe('config.json of', () => {
  test('Llama-3.1-8B', () => {
    expect(parseModelConfig(llama3, 'config.json')).toEqual({
      architecture: 'llama', layers: 32, dModel: 4096, heads: 32, kvHeads: 8, headDim: 128, dFfn: 14336, vocabSize: 128256, attentionBias: false, mlpBias: false,
      rope: { theta: 500000, rotaryDim: 128, scaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 } },
      rmsNormEps: 1e-5, tiedEmbeddings: false, contextLength: 131072,
    })
  })

  test('Llama-3.1-8B as transformers 5 writes it', () => {
    const { rope_theta, rope_scaling, ...rest } = llama3
    expect(parseModelConfig({ ...rest, head_dim: 128, rope_parameters: { ...rope_scaling, rope_theta } }, 'config.json')).toEqual(parseModelConfig(llama3, 'config.json'))
  })

  test('an early Llama, without rope_theta and head counts', () => {
    expect(parseModelConfig({ ...llama3, rope_theta: undefined, rope_scaling: null, num_key_value_heads: undefined, attention_bias: undefined, mlp_bias: undefined }, 'config.json')).toMatchObject({
      kvHeads: 32, rope: { theta: 10000, rotaryDim: 128, scaling: null }, attentionBias: false, mlpBias: false,
    })
  })

  test('Mistral-7B-v0.3', () => {
    expect(parseModelConfig(mistral, 'config.json')).toEqual({
      architecture: 'llama', layers: 32, dModel: 4096, heads: 32, kvHeads: 8, headDim: 128, dFfn: 14336, vocabSize: 32768, attentionBias: false, mlpBias: false,
      rope: { theta: 1000000, rotaryDim: 128, scaling: null }, rmsNormEps: 1e-5, tiedEmbeddings: false, contextLength: 32768,
    })
  })

  test('Mistral-7B-v0.1, whose window of attention limits the context in which the graph is exact', () => {
    expect(parseModelConfig({ ...mistral, sliding_window: 4096 }, 'config.json').contextLength).toBe(4096)
  })

  test('Qwen2.5-7B, whose window is switched off', () => {
    expect(parseModelConfig(qwen2, 'config.json')).toEqual({
      architecture: 'qwen2', layers: 28, dModel: 3584, heads: 28, kvHeads: 4, headDim: 128, dFfn: 18944, vocabSize: 152064,
      rope: { theta: 1000000, rotaryDim: 128, scaling: null }, rmsNormEps: 1e-6, tiedEmbeddings: false, contextLength: 131072,
    })
  })

  test.each([
    ['linear scaling, in the old spelling', { rope_scaling: { type: 'linear', factor: 4 } }, { theta: 500000, rotaryDim: 128, scaling: { kind: 'linear', factor: 4 } }],
    ['llama3 scaling without its original context', { rope_scaling: { ...llama3.rope_scaling, original_max_position_embeddings: undefined } }, { scaling: { originalContext: 131072 } }],
  ])('Llama with %s', (_, fields, rope) => expect(parseModelConfig({ ...llama3, ...fields }, 'config.json').rope).toMatchObject(rope))

  test.each([
    ['an incomplete scaling', { rope_scaling: { ...llama3.rope_scaling, low_freq_factor: undefined } }, 'config.json rope_scaling has no low_freq_factor; use the config.json that came with the model'],
    ['LongRoPE', { rope_scaling: { type: 'longrope' } }, 'config.json asks for the rope type "longrope", which is not supported; choose a checkpoint of the model without it'],
    ['GELU', { hidden_act: 'gelu' }, 'config.json asks for hidden_act "gelu", which is not supported; choose a checkpoint of the model without it'],
    ['a part of each head that is rotated', { partial_rotary_factor: 0.25 }, 'config.json asks for partial_rotary_factor 0.25, which this architecture has not; choose a checkpoint of the model without it'],
    ['an odd part of a head', { partial_rotary_factor: 0.001 }, 'config.json partial_rotary_factor 0.001 gives no even part of head_dim 128; use the config.json that came with the model'],
    ['no window', { sliding_window: 0 }, 'config.json sliding_window is 0, not a whole number of 1 to 134217728; use the config.json that came with the model'],
  ])('Llama with %s is refused', (_, fields, line) => expect(refusal(() => parseModelConfig({ ...llama3, ...fields }, 'config.json'))).toBe(line))
})

describe('tensors', () => {
  /** Parameters as the makers count them. */
  const parameters = (json: object): number =>
    [...modelTensors(parseModelConfig(json, 'config.json')).values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)

  test.each([
    ['Llama-3.1-8B', llama3, 8_030_261_248, 291],
    ['Mistral-7B-v0.3', mistral, 7_248_023_552, 291],
    ['Qwen2.5-7B', qwen2, 7_615_616_512, 339],
  ])('%s has so many parameters and tensors', (_, json, count, tensors) => {
    expect(parameters(json)).toBe(count)
    expect(modelTensors(parseModelConfig(json, 'config.json')).size).toBe(tensors)
  })

  test('biases are as long as their matrix has rows', () => {
    const tensors = modelTensors(parseModelConfig({ ...llama3, attention_bias: true, mlp_bias: true }, 'config.json'))
    expect(Object.fromEntries([...tensors].filter(([name]) => name.startsWith('model.layers.0.') && name.endsWith('bias')))).toEqual({
      'model.layers.0.self_attn.q_proj.bias': [4096], 'model.layers.0.self_attn.k_proj.bias': [1024], 'model.layers.0.self_attn.v_proj.bias': [1024],
      'model.layers.0.self_attn.o_proj.bias': [4096], 'model.layers.0.mlp.gate_proj.bias': [14336], 'model.layers.0.mlp.up_proj.bias': [14336], 'model.layers.0.mlp.down_proj.bias': [4096],
    })
  })

  test('Qwen2 has biases on queries, keys and values only', () => {
    const biases = [...modelTensors(parseModelConfig(qwen2, 'config.json')).keys()].filter((name) => name.startsWith('model.layers.27.') && name.endsWith('bias'))
    expect(biases).toEqual(['q', 'k', 'v'].map((part) => `model.layers.27.self_attn.${part}_proj.bias`))
  })
})
