// Files of Qwen3.5 with experts: transformers' Qwen3_5MoeTextConfig and modeling_qwen3_5_moe.py.
import { InputError } from '../../protocol/errors'
import type { Qwen35MoeConfig } from '../modelConfig'
import type { Architecture } from './architecture'
import { decoderTensors, mlpTensors } from './decoderTensors'
import { expertFields, expertTensors } from './expertFields'
import { qwen35Fields, qwen35MixerTensors, textFields } from './qwen35Fields'

export const qwen35Moe: Architecture<Qwen35MoeConfig> = {
  classNames: ['Qwen3_5MoeForConditionalGeneration', 'Qwen3_5MoeForCausalLM'],
  modelTypes: ['qwen3_5_moe', 'qwen3_5_moe_text'],
  parse(fields, fileName) {
    const text = textFields(fields, fileName)
    const dense = text.value('mlp_only_layers')
    if (Array.isArray(dense) && dense.length > 0) throw new InputError(`${fileName} names mlp_only_layers, which are not supported in Qwen3.5`, 'choose a checkpoint as Qwen publishes them')
    return {
      architecture: 'qwen3_5_moe',
      ...qwen35Fields(fields, fileName),
      experts: expertFields(text, fileName, true),
      dSharedExpert: text.count('shared_expert_intermediate_size', 1 << 22),
    }
  },
  tensors: (config) =>
    decoderTensors(config, (layer) => [
      ...qwen35MixerTensors(config, layer),
      ...expertTensors(config, config.experts),
      ...mlpTensors(config, config.dSharedExpert, 'mlp.shared_expert.'),
      ['mlp.shared_expert_gate.weight', [1, config.dModel]],
    ]),
}
