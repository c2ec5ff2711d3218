// Reads what the dense and the expert models of Qwen3.5 have in common: the text part of a multimodal configuration, the pattern of layers, the delta rule.
import { InputError } from '../../protocol/errors'
import { jsonFields, type JsonFields } from '../jsonFields'
import type { DecoderConfig, DeltaNet, LayerKind } from '../modelConfig'
import { quoteValue } from '../quote'
import type { LayerTensors } from './decoderTensors'
import { attentionTensors, headNormTensors, layerNormTensors } from './decoderTensors'
import { CONFIG_REMEDY, decoderFields } from './decoderFields'
import { refuseAttentionBias, refuseVariants } from './refuseVariants'

export interface Qwen35Fields extends DecoderConfig {
  readonly layerKinds: readonly LayerKind[]
  readonly deltaNet: DeltaNet
}

const LAYER_KINDS: readonly LayerKind[] = ['linear_attention', 'full_attention']

/** Every so many layers one attends, where `layer_types` does not say. */
const FULL_ATTENTION_INTERVAL = 4

/** The fields of the language model: `text_config` of a multimodal configuration, or the whole of a text-only one. */
export function textFields(fields: JsonFields, fileName: string): JsonFields {
  const text = fields.value('text_config')
  return text === undefined ? fields : jsonFields(text, `${fileName} text_config`, CONFIG_REMEDY)
}

/** Field names and defaults: transformers' Qwen3_5TextConfig. Throws InputError that names the field. */
export function qwen35Fields(fields: JsonFields, fileName: string): Qwen35Fields {
  const text = textFields(fields, fileName)
  refuseVariants(text, fileName, LAYER_KINDS)
  refuseAttentionBias(text, fileName)
  const decoder = decoderFields(text, fileName, { partialRotaryFactor: 0.25, ropeTheta: 1e7 })
  const gate = text.value('output_gate_type')
  if (gate !== undefined && gate !== 'sigmoid') throw new InputError(`${fileName} output_gate_type is ${quoteValue(gate)}, which is not supported`, 'choose a checkpoint of Qwen3.5 or Qwen3.6')
  return {
    ...decoder,
    tiedEmbeddings: fields.flag('tie_word_embeddings', false) || text.flag('tie_word_embeddings', false),
    layerKinds: layerKinds(text, decoder.layers, fileName),
    deltaNet: deltaNetFields(text, fileName),
  }
}

function layerKinds(text: JsonFields, layers: number, fileName: string): readonly LayerKind[] {
  const listed = text.value('layer_types')
  if (Array.isArray(listed)) {
    if (listed.length !== layers) throw new InputError(`${fileName} layer_types names ${listed.length} layers and num_hidden_layers ${layers}`, CONFIG_REMEDY)
    return listed as LayerKind[]
  }
  const interval = text.count('full_attention_interval', 1024, FULL_ATTENTION_INTERVAL)
  return Array.from({ length: layers }, (_, layer) => ((layer + 1) % interval === 0 ? 'full_attention' : 'linear_attention'))
}

function deltaNetFields(text: JsonFields, fileName: string): DeltaNet {
  const keyHeads = text.count('linear_num_key_heads', 4096)
  const valueHeads = text.count('linear_num_value_heads', 4096)
  if (valueHeads % keyHeads) throw new InputError(`${fileName} linear_num_value_heads ${valueHeads} is no multiple of linear_num_key_heads ${keyHeads}`, CONFIG_REMEDY)
  const convKernel = text.count('linear_conv_kernel_dim', 64)
  if (convKernel < 2) throw text.invalid('linear_conv_kernel_dim', 'a whole number of 2 to 64')
  return { keyHeads, valueHeads, keyHeadDim: text.count('linear_key_head_dim', 1 << 16), valueHeadDim: text.count('linear_value_head_dim', 1 << 16), convKernel }
}

/** The tensors of a layer but for its feed-forward block. */
export function qwen35MixerTensors(config: Qwen35Fields, layer: number): LayerTensors {
  return [...layerNormTensors(config), ...(config.layerKinds[layer] === 'linear_attention' ? deltaNetTensors(config) : [...gatedAttentionTensors(config), ...headNormTensors(config)])]
}

/** The query matrix makes the gate as well: per head the rows of the query, then those of the gate. */
function gatedAttentionTensors(config: Qwen35Fields): LayerTensors {
  return attentionTensors(config).map(([name, shape]) => [name, name === 'self_attn.q_proj.weight' ? [2 * shape[0]!, shape[1]!] : shape])
}

function deltaNetTensors({ dModel, deltaNet: { keyHeads, valueHeads, keyHeadDim, valueHeadDim, convKernel } }: Qwen35Fields): LayerTensors {
  const dValue = valueHeads * valueHeadDim
  const channels = 2 * keyHeads * keyHeadDim + dValue
  return [
    ['linear_attn.in_proj_qkv.weight', [channels, dModel]],
    ['linear_attn.in_proj_z.weight', [dValue, dModel]],
    ['linear_attn.in_proj_b.weight', [valueHeads, dModel]],
    ['linear_attn.in_proj_a.weight', [valueHeads, dModel]],
    ['linear_attn.conv1d.weight', [channels, 1, convKernel]],
    ['linear_attn.A_log', [valueHeads]],
    ['linear_attn.dt_bias', [valueHeads]],
    ['linear_attn.norm.weight', [valueHeadDim]],
    ['linear_attn.out_proj.weight', [dModel, dValue]],
  ]
}
