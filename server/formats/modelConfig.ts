// Reads a checkpoint's config.json into the numbers that its graph needs; names what is not supported.
import { InputError } from '../protocol/errors'
import { jsonFields, type JsonFields } from './jsonFields'
import { quote, quoteValue } from './quote'

/** A Qwen3 dense decoder, as config.json describes it. */
export interface Qwen3Config {
  readonly architecture: 'qwen3'
  readonly layers: number
  readonly dModel: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly dFfn: number
  readonly vocabSize: number
  readonly ropeTheta: number
  readonly rmsNormEps: number
  readonly tiedEmbeddings: boolean
  /** Most positions the model was made for (max_position_embeddings). */
  readonly contextLength: number
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
    ropeTheta: ropeTheta(fields, fileName),
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
