// What a config.json asks for and no graph computes, part by part: the words with which a model is refused.
import { jsonFields, type JsonFields } from '../jsonFields'
import { quote, quoteValue } from '../quote'
import { ropeKind } from './ropeField'

/** A part, when config.json asks for it, in words that name the field: `a sliding window of attention (sliding_window 4096)`. */
type PartFinder = (fields: JsonFields) => string | null

/** Parts that even an architecture we know can be configured to have. `layerKinds` are those that it has. */
export function missingVariants(fields: JsonFields, layerKinds: readonly string[]): string[] {
  return found(fields, [...variants, (given) => otherLayerKind(given, layerKinds)])
}

/** The parts that config.json shows of an architecture that is not known. */
export function missingParts(fields: JsonFields): string[] {
  const partsOf = (finders: readonly PartFinder[]) => [...new Set(places(fields).flatMap((place) => found(place, finders)))]
  const designs = partsOf(otherDesigns)
  return designs.length ? designs : partsOf([...foreign, ...variants, ropeScaling, slidingWindow, (place) => otherLayerKind(place, ['full_attention', 'sliding_attention'])])
}

/** How the weights are quantised, or null. Fields of transformers (`quant_method`), of llm-compressor and of MLX. */
export function quantisation(fields: JsonFields): string | null {
  for (const place of places(fields)) {
    for (const [field, unnamed] of Object.entries(QUANTISERS)) {
      const config = place.value(field)
      if (config === undefined || config === false) continue
      const method = typeof config === 'object' && config !== null ? ((config as Record<string, unknown>)['quant_method'] ?? unnamed) : config
      return `${field} ${quoteValue(method)}`
    }
  }
  return null
}

/** The file itself and, in models that also read images or sound, the text model inside. */
function places(fields: JsonFields): JsonFields[] {
  const text = fields.value('text_config')
  return typeof text === 'object' && text !== null && !Array.isArray(text) ? [fields, jsonFields(text, 'text_config', '')] : [fields]
}

/** Fields, and who quantised where they do not say it. */
const QUANTISERS: Readonly<Record<string, string>> = { quantization_config: 'unknown', compression_config: 'compressed-tensors', quantization: 'mlx' }

const found = (fields: JsonFields, finders: readonly PartFinder[]): string[] => finders.map((find) => find(fields)).filter((part) => part !== null)

/** A field with any value but these means that the part is there. */
function unless(field: string, absent: readonly unknown[], words = ''): PartFinder {
  return (fields) => {
    const value = fields.value(field)
    if (value === undefined || absent.includes(value)) return null
    const named = value === true ? field : `${field} ${quoteValue(value, 30)}`
    return words ? `${words} (${named})` : named
  }
}

/** Only the presence of the field counts, not its value. */
const present = (field: string, words: string): PartFinder => (fields) => (fields.value(field) === undefined ? null : `${words} (${field})`)

const anyOf = (...finders: readonly PartFinder[]): PartFinder => (fields) => found(fields, finders)[0] ?? null

const variants: readonly PartFinder[] = [
  unless('use_sliding_window', [false]),
  anyOf(...['hidden_act', 'hidden_activation', 'activation_function', 'activation'].map((field) => unless(field, ['silu', 'swish']))),
]

/** Designs so different that their details say nothing more. */
const otherDesigns: readonly PartFinder[] = [
  unless('is_encoder_decoder', [false], 'an encoder beside the decoder'),
  anyOf(...['state_size', 'ssm_cfg', 'mamba_d_state'].map((field) => present(field, 'a state space'))),
]

const foreign: readonly PartFinder[] = [
  present('kv_lora_rank', 'latent attention'),
  unless('alibi', [false], 'position biases'),
  anyOf(...['num_local_experts', 'n_routed_experts', 'num_experts'].map((field) => unless(field, [0], 'routed experts of its own kind'))),
  anyOf(...['layer_norm_eps', 'layer_norm_epsilon', 'norm_epsilon', 'norm_eps'].map((field) => present(field, 'layer normalisation'))),
  unless('attn_logit_softcapping', [0], 'capped attention scores'),
  unless('final_logit_softcapping', [0], 'capped logits'),
  unless('query_pre_attn_scalar', [], 'a scale of attention scores'),
  unless('attention_multiplier', [], 'a scale of attention scores'),
  unless('logit_scale', [1], 'scaled logits'),
  unless('logits_scaling', [1], 'scaled logits'),
  unless('embedding_multiplier', [1], 'scaled embeddings'),
  unless('scale_emb', [1], 'scaled embeddings'),
  unless('residual_multiplier', [1], 'scaled layers'),
  unless('scale_depth', [1], 'scaled layers'),
  anyOf(unless('use_parallel_residual', [false], 'attention and feed-forward in parallel'), unless('parallel_attn', [false], 'attention and feed-forward in parallel')),
  anyOf(present('n_positions', 'learned positions'), unless('learned_pos_emb', [false], 'learned positions')),
  layersWithoutRotation,
  present('attention_chunk_size', 'attention in chunks'),
  unless('use_qk_norm', [false], 'normalised queries and keys'),
  unless('qk_layernorm', [false], 'normalised queries and keys'),
  present('vision_config', 'images'),
  present('audio_config', 'sound'),
]

function layersWithoutRotation(fields: JsonFields): string | null {
  const rotated = fields.value('no_rope_layers')
  return Array.isArray(rotated) && rotated.includes(0) ? 'layers without rotary embedding (no_rope_layers)' : null
}

function otherLayerKind(fields: JsonFields, layerKinds: readonly string[]): string | null {
  const kinds = fields.value('layer_types')
  const odd: unknown = Array.isArray(kinds) ? kinds.find((kind) => !layerKinds.includes(kind as string)) : undefined
  return odd === undefined ? null : `the layer type ${quoteValue(odd)}`
}

function ropeScaling(fields: JsonFields): string | null {
  for (const field of ['rope_parameters', 'rope_scaling']) {
    const block = fields.value(field)
    if (typeof block !== 'object' || block === null || Array.isArray(block)) continue
    const kind = ropeKind(jsonFields(block, field, ''))
    if (typeof kind === 'string' && !['default', 'linear', 'llama3'].includes(kind)) return `the rope type ${quote(kind)}`
  }
  return null
}

function slidingWindow(fields: JsonFields): string | null {
  const window = fields.value('sliding_window')
  return window === undefined || fields.value('use_sliding_window') === false ? null : `a sliding window of attention (sliding_window ${quoteValue(window)})`
}
