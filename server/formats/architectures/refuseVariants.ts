// Refuses what config.json asks for and no graph has.
import { InputError } from '../../protocol/errors'
import type { JsonFields } from '../jsonFields'
import { quoteValue } from '../quote'

/** Throws InputError that names the part. `layerKinds` are those that the architecture has. */
export function refuseVariants(fields: JsonFields, fileName: string, layerKinds: readonly string[] = ['full_attention']): void {
  const refuse = (what: string): never => {
    throw new InputError(`${fileName} ${what}, which is not supported`, 'choose a checkpoint as its makers publish it')
  }
  if (fields.flag('use_sliding_window', false)) refuse('sets use_sliding_window')
  const layerTypes = fields.value('layer_types')
  const odd: unknown = Array.isArray(layerTypes) ? layerTypes.find((type) => !layerKinds.includes(type as string)) : undefined
  if (odd !== undefined) refuse(`has the layer type ${quoteValue(odd)}`)
  const activation = fields.value('hidden_act') ?? 'silu'
  if (activation !== 'silu') refuse(`has the hidden_act ${quoteValue(activation)}`)
}

/** For architectures whose graph adds no biases. */
export function refuseAttentionBias(fields: JsonFields, fileName: string): void {
  if (fields.flag('attention_bias', false)) throw new InputError(`${fileName} sets attention_bias, which is not supported`, 'choose a checkpoint as its makers publish it')
}
