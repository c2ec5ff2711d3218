// Files of Qwen3.5 with experts.
import { InputError } from '../../protocol/errors'
import type { Qwen35MoeConfig } from '../modelConfig'
import type { Architecture } from './architecture'

export const qwen35Moe: Architecture<Qwen35MoeConfig> = {
  classNames: ['Qwen3_5MoeForConditionalGeneration', 'Qwen3_5MoeForCausalLM'],
  modelTypes: ['qwen3_5_moe', 'qwen3_5_moe_text'],
  parse(_fields, fileName) {
    throw new InputError(`${fileName} is of Qwen3.5 with experts, which is not supported yet`, 'choose a Qwen3 checkpoint')
  },
  tensors: () => new Map(),
}
