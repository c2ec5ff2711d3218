// Files of Llama, Mistral and what is built alike: transformers' LlamaConfig and MistralConfig, modeling_llama.py and modeling_mistral.py.
import type { JsonFields } from '../jsonFields'
import type { LlamaConfig } from '../modelConfig'
import type { Architecture } from './architecture'
import { decoderFields, feedForwardWidth } from './decoderFields'
import { attentionTensors, decoderTensors, layerNormTensors, mlpTensors, withBiases } from './decoderTensors'
import { refusePartialRotation, refuseVariants } from './refuseVariants'

export const llama: Architecture<LlamaConfig> = {
  classNames: ['LlamaForCausalLM', 'MistralForCausalLM'],
  modelTypes: ['llama', 'mistral'],
  parse(fields, fileName) {
    refuseVariants(fields, fileName)
    const decoder = decoderFields(fields, fileName, { ropeTheta: 10_000 })
    refusePartialRotation(decoder, fileName)
    return {
      architecture: 'llama',
      ...decoder,
      contextLength: Math.min(decoder.contextLength, attentionWindow(fields)),
      dFfn: feedForwardWidth(fields),
      attentionBias: fields.flag('attention_bias', false),
      mlpBias: fields.flag('mlp_bias', false),
    }
  },
  tensors(config) {
    const attention = attentionTensors(config)
    const mlp = mlpTensors(config, config.dFfn)
    return decoderTensors(config, () => [
      ...layerNormTensors(config),
      ...(config.attentionBias ? withBiases(attention) : attention),
      ...(config.mlpBias ? withBiases(mlp) : mlp),
    ])
  },
}

/** Positions that attention sees. The graph has no window, which makes no difference to sequences that fit into it. */
const attentionWindow = (fields: JsonFields): number => (fields.value('sliding_window') === undefined ? Infinity : fields.count('sliding_window', 1 << 27))
