// Files of Qwen3 with experts: transformers' Qwen3MoeConfig and modeling_qwen3_moe.py.
import type { JsonFields } from '../jsonFields'
import type { Qwen3MoeConfig } from '../modelConfig'
import type { Architecture } from './architecture'
import { decoderFields, feedForwardWidth } from './decoderFields'
import { attentionTensors, decoderTensors, headNormTensors, layerNormTensors, mlpTensors } from './decoderTensors'
import { expertFields, expertTensors } from './expertFields'
import { refuseAttentionBias, refusePartialRotation, refuseVariants } from './refuseVariants'

export const qwen3Moe: Architecture<Qwen3MoeConfig> = {
  classNames: ['Qwen3MoeForCausalLM'],
  modelTypes: ['qwen3_moe'],
  parse(fields, fileName) {
    refuseVariants(fields, fileName)
    refuseAttentionBias(fields, fileName)
    const decoder = decoderFields(fields, fileName)
    refusePartialRotation(decoder, fileName)
    return {
      architecture: 'qwen3_moe',
      ...decoder,
      experts: expertFields(fields, fileName, fields.flag('norm_topk_prob', false)),
      denseLayers: denseLayers(fields, decoder.layers),
      dFfn: feedForwardWidth(fields),
    }
  },
  tensors: (config) =>
    decoderTensors(config, (layer) => [
      ...layerNormTensors(config),
      ...attentionTensors(config),
      ...headNormTensors(config),
      ...(config.denseLayers.includes(layer) ? mlpTensors(config, config.dFfn) : expertTensors(config, config.experts)),
    ]),
}

/** Those in `mlp_only_layers`, and those that `decoder_sparse_step` passes over. */
function denseLayers(fields: JsonFields, layers: number): readonly number[] {
  const listed = fields.value('mlp_only_layers') ?? []
  if (!Array.isArray(listed) || !listed.every(Number.isSafeInteger)) throw fields.invalid('mlp_only_layers', 'a list of layers')
  const step = fields.count('decoder_sparse_step', 1024, 1)
  return Array.from({ length: layers }, (_, layer) => layer).filter((layer) => listed.includes(layer) || (layer + 1) % step !== 0)
}
