// config.json of models and SAE sets: what is read, and the sentence for each field that is missing, wrong or not supported.
import { describe, expect, test } from 'vitest'
import { parseModelConfig } from '../../../server/formats/modelConfig'
import { modelTensors } from '../../../server/formats/modelTensors'
import { parseSaeConfig, saeLayerFile, saeLayerOf } from '../../../server/formats/saeConfig'

const qwen3 = {
  architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', hidden_size: 2048, num_hidden_layers: 28, num_attention_heads: 16, num_key_value_heads: 8,
  head_dim: 128, intermediate_size: 6144, vocab_size: 151936, rope_theta: 1e6, rope_scaling: null, rms_norm_eps: 1e-6, tie_word_embeddings: true,
  max_position_embeddings: 32768, attention_bias: false, use_sliding_window: false, sliding_window: null, hidden_act: 'silu',
}

describe('a Qwen3 config.json', () => {
  test('is read as transformers 4 writes it', () => {
    expect(parseModelConfig(qwen3, 'config.json')).toEqual({
      architecture: 'qwen3', layers: 28, dModel: 2048, heads: 16, kvHeads: 8, headDim: 128, dFfn: 6144, vocabSize: 151936,
      rope: { theta: 1e6, rotaryDim: 128, scaling: null }, rmsNormEps: 1e-6, tiedEmbeddings: true, contextLength: 32768,
    })
  })

  test('is read as transformers 5 writes it', () => {
    expect(parseModelConfig({ ...qwen3, rope_theta: undefined, rope_scaling: undefined, rope_parameters: { rope_theta: 5e5, rope_type: 'default' }, layer_types: ['full_attention'] }, 'config.json').rope.theta).toBe(5e5)
  })

  test('has head_dim, key-value heads and ties by default', () => {
    expect(parseModelConfig({ ...qwen3, head_dim: undefined, num_key_value_heads: undefined, tie_word_embeddings: undefined }, 'config.json')).toMatchObject({ headDim: 128, kvHeads: 16, tiedEmbeddings: false })
  })

  const cases: [string, unknown, string][] = [
    ['no object', null, 'config.json does not hold a JSON object'],
    ['another architecture', { ...qwen3, architectures: ['GPT2LMHeadModel'] }, 'config.json architecture "GPT2LMHeadModel" is not supported: it is unknown as a whole'],
    ['another model type', { model_type: 'gpt2' }, 'config.json model_type "gpt2" is not supported'],
    ['no architecture', {}, 'config.json has no model_type; use the config.json that came with the model'],
    ['an architecture from the prototype', { architectures: ['toString'] }, 'config.json architecture "toString" is not supported'],
    ...['hidden_size', 'num_hidden_layers', 'num_attention_heads', 'intermediate_size', 'vocab_size', 'rms_norm_eps', 'rope_theta', 'max_position_embeddings'].map(
      (field): [string, unknown, string] => [`no ${field}`, { ...qwen3, [field]: undefined }, `config.json has no ${field}; use the config.json that came with the model`],
    ),
    ['a text for a number', { ...qwen3, num_hidden_layers: '28' }, 'config.json num_hidden_layers is "28", not a whole number of 1 to 1024'],
    ['too many layers', { ...qwen3, num_hidden_layers: 1e9 }, 'config.json num_hidden_layers is 1000000000, not a whole number of 1 to 1024'],
    ['a negative epsilon', { ...qwen3, rms_norm_eps: -1 }, 'config.json rms_norm_eps is -1, not a number above 0'],
    ['heads that do not divide', { ...qwen3, num_key_value_heads: 5 }, 'config.json num_attention_heads 16 is no multiple of num_key_value_heads 5'],
    ['an odd head_dim', { ...qwen3, head_dim: 127 }, 'config.json head_dim 127 is odd, which rotary embedding cannot use'],
    ['YaRN', { ...qwen3, rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'config.json asks for the rope type "yarn", which is not supported'],
    ['an old rope type', { ...qwen3, rope_scaling: { type: 'dynamic' } }, 'config.json asks for the rope type "dynamic", which is not supported'],
    ['biases', { ...qwen3, attention_bias: true }, 'config.json asks for attention_bias, which is not supported'],
    ['a sliding window', { ...qwen3, use_sliding_window: true }, 'config.json asks for use_sliding_window, which is not supported'],
    ['a sliding layer', { ...qwen3, layer_types: ['full_attention', 'sliding_attention'] }, 'config.json asks for the layer type "sliding_attention", which is not supported'],
    ['another activation', { ...qwen3, hidden_act: 'gelu' }, 'config.json asks for hidden_act "gelu", which is not supported'],
  ]
  test.each(cases)('%s is explained', (_, json, sentence) => {
    let line = ''
    try {
      parseModelConfig(json, 'config.json')
    } catch (error) {
      line = (error as { line: string }).line
    }
    expect(line.slice(0, sentence.length)).toBe(sentence)
  })

  test('gives 310 tensors and 1,720,574,976 parameters for Qwen3-1.7B, and lm_head when it is not tied', () => {
    const tensors = modelTensors(parseModelConfig(qwen3, 'config.json'))
    expect(tensors.size).toBe(310)
    expect([...tensors.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(1_720_574_976)
    expect(modelTensors(parseModelConfig({ ...qwen3, tie_word_embeddings: false }, 'config.json')).get('lm_head.weight')).toEqual([151936, 2048])
  })
})

describe("an SAE set's config.json", () => {
  const scope = { model_type: 'topk_sae', base_model: 'Qwen/Qwen3-1.7B-Base', d_model: 2048, d_sae: 32768, k: 50, num_layers: 28, hook_point: 'resid_post', dtype: 'float32' }
  test('is read', () => {
    expect(parseSaeConfig(scope, 'config.json')).toEqual({ dModel: 2048, dSae: 32768, k: 50, modelLayers: 28, baseModel: 'Qwen/Qwen3-1.7B-Base' })
  })
  const cases: [unknown, string][] = [
    [{ ...scope, model_type: 'jumprelu_sae' }, 'config.json model_type "jumprelu_sae" is not supported'],
    [{ ...scope, hook_point: 'mlp_out' }, 'config.json hook_point "mlp_out" is not supported'],
    [{ ...scope, k: 40000 }, 'config.json k is 40000, not a whole number of 1 to 32768'],
    [{ ...scope, d_sae: undefined }, 'config.json has no d_sae'],
  ]
  test.each(cases)('%j', (json, message) => expect(() => parseSaeConfig(json, 'config.json')).toThrow(message))
  test('layer files are called layer0.sae.pt', () => {
    expect([saeLayerFile(12), saeLayerOf('layer12.sae.pt'), saeLayerOf('layer012.sae.pt'), saeLayerOf('layer-1.sae.pt'), saeLayerOf('xlayer1.sae.pt')]).toEqual(['layer12.sae.pt', 12, null, null, null])
  })
})
