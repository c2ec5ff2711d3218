// Files of Qwen2 and Qwen2.5: transformers' Qwen2Config and modeling_qwen2.py.
import type { Qwen2Config } from '../modelConfig'
import type { Architecture } from './architecture'
import { decoderFields, feedForwardWidth } from './decoderFields'
import { attentionTensors, decoderTensors, layerNormTensors, mlpTensors, withBiases } from './decoderTensors'
import { refusePartialRotation, refuseVariants } from './refuseVariants'

export const qwen2: Architecture<Qwen2Config> = {
  classNames: ['Qwen2ForCausalLM'],
  modelTypes: ['qwen2'],
  parse(fields, fileName) {
    refuseVariants(fields, fileName)
    const decoder = decoderFields(fields, fileName, { ropeTheta: 10_000 })
    refusePartialRotation(decoder, fileName)
    return { architecture: 'qwen2', ...decoder, dFfn: feedForwardWidth(fields) }
  },
  tensors(config) {
    const [query, key, value, output] = attentionTensors(config)
    return decoderTensors(config, () => [...layerNormTensors(config), ...withBiases([query, key, value]), output, ...mlpTensors(config, config.dFfn)])
  },
}
