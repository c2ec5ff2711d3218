// Files of Qwen2.
import { InputError } from '../../protocol/errors'
import type { Qwen2Config } from '../modelConfig'
import type { Architecture } from './architecture'

export const qwen2: Architecture<Qwen2Config> = {
  classNames: ['Qwen2ForCausalLM'],
  modelTypes: ['qwen2'],
  parse(_fields, fileName) {
    throw new InputError(`${fileName} is of Qwen2, which is not supported yet`, 'choose a Qwen3 checkpoint')
  },
  tensors: () => new Map(),
}
