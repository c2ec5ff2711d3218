// Files of Qwen3 with experts.
import { InputError } from '../../protocol/errors'
import type { Qwen3MoeConfig } from '../modelConfig'
import type { Architecture } from './architecture'

export const qwen3Moe: Architecture<Qwen3MoeConfig> = {
  classNames: ['Qwen3MoeForCausalLM'],
  modelTypes: ['qwen3_moe'],
  parse(_fields, fileName) {
    throw new InputError(`${fileName} is of Qwen3 with experts, which is not supported yet`, 'choose a Qwen3 checkpoint')
  },
  tensors: () => new Map(),
}
