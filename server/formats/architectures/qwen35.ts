// Files of Qwen3.5 dense: transformers' Qwen3_5TextConfig and modeling_qwen3_5.py.
import type { Qwen35Config } from '../modelConfig'
import type { Architecture } from './architecture'
import { feedForwardWidth } from './decoderFields'
import { decoderTensors, mlpTensors } from './decoderTensors'
import { qwen35Fields, qwen35MixerTensors, textFields } from './qwen35Fields'

export const qwen35: Architecture<Qwen35Config> = {
  classNames: ['Qwen3_5ForConditionalGeneration', 'Qwen3_5ForCausalLM'],
  modelTypes: ['qwen3_5', 'qwen3_5_text'],
  parse: (fields, fileName) => ({ architecture: 'qwen3_5', ...qwen35Fields(fields, fileName), dFfn: feedForwardWidth(textFields(fields, fileName)) }),
  tensors: (config) => decoderTensors(config, (layer) => [...qwen35MixerTensors(config, layer), ...mlpTensors(config, config.dFfn)]),
}
