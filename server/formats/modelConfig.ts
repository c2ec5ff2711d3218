// Reads a checkpoint's config.json into the numbers that its graph needs; names what is not supported.
import { InputError } from '../protocol/errors'
import { jsonFields, type JsonFields } from './jsonFields'
import { quote, quoteValue } from './quote'

/** What every decoder has, whatever its layers compute. */
export interface DecoderConfig {
  readonly layers: number
  readonly dModel: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly vocabSize: number
  readonly rope: Rope
  readonly rmsNormEps: number
  readonly tiedEmbeddings: boolean
  /** Most positions the model was made for (max_position_embeddings). */
  readonly contextLength: number
}

/** Rotary position embedding: which part of each head is rotated, and how fast. */
export interface Rope {
  readonly theta: number
  /** The first so many dimensions of a head are rotated; head_dim when all are. */
  readonly rotaryDim: number
  /** How the frequencies are changed for long contexts; null when they are not. */
  readonly scaling: RopeScaling | null
}

export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | { readonly kind: 'llama3'; readonly factor: number; readonly lowFrequencyFactor: number; readonly highFrequencyFactor: number; readonly originalContext: number }

/** Routed experts in the place of a dense feed-forward block. */
export interface Experts {
  readonly count: number
  /** Experts that each token is sent to. */
  readonly perToken: number
  readonly dExpert: number
  /** Whether the chosen experts' probabilities are divided by their sum. */
  readonly normalised: boolean
}

/** What mixes the positions of a layer. */
export type LayerKind = 'full_attention' | 'linear_attention'

/** The linear layers of Qwen3.5: a causal convolution and a gated delta rule with a state of fixed size. */
export interface DeltaNet {
  readonly keyHeads: number
  readonly valueHeads: number
  readonly keyHeadDim: number
  readonly valueHeadDim: number
  /** Positions that the convolution sees, the current one included. */
  readonly convKernel: number
}

export interface Qwen3Config extends DecoderConfig {
  readonly architecture: 'qwen3'
  readonly dFfn: number
}

export interface Qwen3MoeConfig extends DecoderConfig {
  readonly architecture: 'qwen3_moe'
  readonly experts: Experts
  /** Layers with a dense block in place of experts, and its width. */
  readonly denseLayers: readonly number[]
  readonly dFfn: number
}

export interface Qwen35Config extends DecoderConfig {
  readonly architecture: 'qwen3_5'
  readonly dFfn: number
  /** By layer. */
  readonly layerKinds: readonly LayerKind[]
  readonly deltaNet: DeltaNet
}

export interface Qwen35MoeConfig extends DecoderConfig {
  readonly architecture: 'qwen3_5_moe'
  readonly experts: Experts
  readonly dSharedExpert: number
  readonly layerKinds: readonly LayerKind[]
  readonly deltaNet: DeltaNet
}

/** Llama, Mistral and others with the same layer. */
export interface LlamaConfig extends DecoderConfig {
  readonly architecture: 'llama'
  readonly dFfn: number
  readonly attentionBias: boolean
  readonly mlpBias: boolean
}

/** As Llama, with a bias on queries, keys and values. */
export interface Qwen2Config extends DecoderConfig {
  readonly architecture: 'qwen2'
  readonly dFfn: number
}

/** One member per supported architecture. */
export type ModelConfig = Qwen3Config

const REMEDY = 'use the config.json that came with the model'

/** The names that checkpoints give their architecture, and ours. */
const ARCHITECTURES: Readonly<Record<string, ModelConfig['architecture']>> = { Qwen3ForCausalLM: 'qwen3' }

/** Throws InputError that begins with `fileName` and names the field. Field names: transformers' Qwen3Config. */
export function parseModelConfig(json: unknown, fileName: string): ModelConfig {
  const fields = jsonFields(json, fileName, REMEDY)
  return { qwen3: parseQwen3Config }[architectureOf(fields, fileName)](fields, fileName)
}

function architectureOf(fields: JsonFields, fileName: string): ModelConfig['architecture'] {
  const architectures = fields.value('architectures')
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined
  if (typeof name === 'string') {
    if (Object.hasOwn(ARCHITECTURES, name)) return ARCHITECTURES[name]!
    throw new InputError(`${fileName} architecture ${quote(name)} is not supported`, `choose a checkpoint of ${Object.keys(ARCHITECTURES).join(' or ')}`)
  }
  const type = fields.text('model_type')
  if (Object.values(ARCHITECTURES).includes(type as ModelConfig['architecture'])) return type as ModelConfig['architecture']
  throw new InputError(`${fileName} model_type ${quote(type)} is not supported`, `choose a checkpoint of ${Object.keys(ARCHITECTURES).join(' or ')}`)
}

function parseQwen3Config(fields: JsonFields, fileName: string): Qwen3Config {
  const dModel = fields.count('hidden_size', 1 << 20)
  const heads = fields.count('num_attention_heads', 4096)
  const kvHeads = fields.count('num_key_value_heads', 4096, heads)
  const headDim = fields.count('head_dim', 1 << 16, dModel / heads)
  if (heads % kvHeads) throw new InputError(`${fileName} num_attention_heads ${heads} is no multiple of num_key_value_heads ${kvHeads}`, REMEDY)
  if (headDim % 2) throw new InputError(`${fileName} head_dim ${headDim} is odd, which rotary embedding cannot use`, REMEDY)
  refuseVariants(fields, fileName)
  return {
    architecture: 'qwen3',
    layers: fields.count('num_hidden_layers', 1024),
    dModel,
    heads,
    kvHeads,
    headDim,
    dFfn: fields.count('intermediate_size', 1 << 22),
    vocabSize: fields.count('vocab_size', 1 << 24),
    rope: { theta: ropeTheta(fields, fileName), rotaryDim: headDim, scaling: null },
    rmsNormEps: fields.positive('rms_norm_eps'),
    tiedEmbeddings: fields.flag('tie_word_embeddings', false),
    contextLength: fields.count('max_position_embeddings', 1 << 27),
  }
}

/** What the architecture could have and the graph does not. */
function refuseVariants(fields: JsonFields, fileName: string): void {
  const refuse = (what: string): never => {
    throw new InputError(`${fileName} ${what}, which is not supported`, 'choose a Qwen3 checkpoint as Qwen publishes them')
  }
  if (fields.flag('attention_bias', false)) refuse('sets attention_bias')
  if (fields.flag('use_sliding_window', false)) refuse('sets use_sliding_window')
  const layerTypes = fields.value('layer_types')
  const odd: unknown = Array.isArray(layerTypes) ? layerTypes.find((type) => type !== 'full_attention') : undefined
  if (odd !== undefined) refuse(`has the layer type ${quoteValue(odd)}`)
  const activation = fields.value('hidden_act') ?? 'silu'
  if (activation !== 'silu') refuse(`has the hidden_act ${quoteValue(activation)}`)
}

/** From `rope_parameters` (transformers 5) or from `rope_theta` and `rope_scaling` (before). */
function ropeTheta(fields: JsonFields, fileName: string): number {
  for (const field of ['rope_parameters', 'rope_scaling']) {
    const rope = fields.value(field)
    if (rope === undefined) continue
    const inner = jsonFields(rope, `${fileName} ${field}`, REMEDY)
    const type = inner.value('rope_type') ?? inner.value('type') ?? 'default'
    if (type !== 'default') throw new InputError(`${fileName} ${field} has the type ${quoteValue(type)}, which is not supported`, `remove ${field} from a copy of the file to run without it`)
    if (field === 'rope_parameters' && inner.value('rope_theta') !== undefined) return inner.positive('rope_theta')
  }
  return fields.positive('rope_theta')
}
