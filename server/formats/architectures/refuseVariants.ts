// Refuses what config.json asks for and the architecture's graph has not.
import { InputError } from '../../protocol/errors'
import type { JsonFields } from '../jsonFields'
import type { DecoderConfig } from '../modelConfig'
import { missingVariants } from './missingParts'

const REMEDY = 'choose a checkpoint of the model without it'

/** Throws InputError that names the part. `layerKinds` are those that the architecture has. */
export function refuseVariants(fields: JsonFields, fileName: string, layerKinds: readonly string[] = ['full_attention']): void {
  const [part] = missingVariants(fields, layerKinds)
  if (part !== undefined) throw new InputError(`${fileName} asks for ${part}, which is not supported`, REMEDY)
}

/** For architectures whose graph adds no biases. */
export function refuseAttentionBias(fields: JsonFields, fileName: string): void {
  if (fields.flag('attention_bias', false)) throw new InputError(`${fileName} asks for attention_bias, which is not supported`, REMEDY)
}

/** For architectures whose transformers class rotates whole heads, whatever the file says. */
export function refusePartialRotation({ rope, headDim }: DecoderConfig, fileName: string): void {
  if (rope.rotaryDim !== headDim) throw new InputError(`${fileName} asks for partial_rotary_factor ${rope.rotaryDim / headDim}, which this architecture has not`, REMEDY)
}
