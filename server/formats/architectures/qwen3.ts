// Files of Qwen3 dense: transformers' Qwen3Config and modeling_qwen3.py.
import type { Qwen3Config } from '../modelConfig'
import type { Architecture } from './architecture'
import { decoderFields, feedForwardWidth } from './decoderFields'
import { attentionTensors, decoderTensors, headNormTensors, layerNormTensors, mlpTensors } from './decoderTensors'
import { refuseAttentionBias, refusePartialRotation, refuseVariants } from './refuseVariants'

export const qwen3: Architecture<Qwen3Config> = {
  classNames: ['Qwen3ForCausalLM'],
  modelTypes: ['qwen3'],
  parse(fields, fileName) {
    refuseVariants(fields, fileName)
    refuseAttentionBias(fields, fileName)
    const decoder = decoderFields(fields, fileName)
    refusePartialRotation(decoder, fileName)
    return { architecture: 'qwen3', ...decoder, dFfn: feedForwardWidth(fields) }
  },
  tensors: (config) =>
    decoderTensors(config, () => [...layerNormTensors(config), ...attentionTensors(config), ...headNormTensors(config), ...mlpTensors(config, config.dFfn)]),
}
