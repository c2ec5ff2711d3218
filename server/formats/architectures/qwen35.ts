// Files of Qwen3.5 dense.
import { InputError } from '../../protocol/errors'
import type { Qwen35Config } from '../modelConfig'
import type { Architecture } from './architecture'

export const qwen35: Architecture<Qwen35Config> = {
  classNames: ['Qwen3_5ForConditionalGeneration', 'Qwen3_5ForCausalLM'],
  modelTypes: ['qwen3_5', 'qwen3_5_text'],
  parse(_fields, fileName) {
    throw new InputError(`${fileName} is of Qwen3.5 dense, which is not supported yet`, 'choose a Qwen3 checkpoint')
  },
  tensors: () => new Map(),
}
