// Files of Llama.
import { InputError } from '../../protocol/errors'
import type { LlamaConfig } from '../modelConfig'
import type { Architecture } from './architecture'

export const llama: Architecture<LlamaConfig> = {
  classNames: ['LlamaForCausalLM', 'MistralForCausalLM'],
  modelTypes: ['llama', 'mistral'],
  parse(_fields, fileName) {
    throw new InputError(`${fileName} is of Llama, which is not supported yet`, 'choose a Qwen3 checkpoint')
  },
  tensors: () => new Map(),
}
