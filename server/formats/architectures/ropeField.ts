// Reads the rotary position embedding from config.json: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (before).
import { InputError } from '../../protocol/errors'
import { jsonFields, type JsonFields } from '../jsonFields'
import type { Rope } from '../modelConfig'
import { quoteValue } from '../quote'

const REMEDY = 'use the config.json that came with the model'

/** Throws InputError for kinds that are not supported. `defaultFactor` is the part of a head that is rotated where the file does not say. */
export function ropeField(fields: JsonFields, fileName: string, headDim: number, defaultFactor: number): Rope {
  let theta: number | undefined
  let factor = fields.value('partial_rotary_factor')
  for (const field of ['rope_parameters', 'rope_scaling']) {
    const rope = fields.value(field)
    if (rope === undefined) continue
    const inner = jsonFields(rope, `${fileName} ${field}`, REMEDY)
    const type = inner.value('rope_type') ?? inner.value('type') ?? 'default'
    if (type !== 'default') throw new InputError(`${fileName} ${field} has the type ${quoteValue(type)}, which is not supported`, `remove ${field} from a copy of the file to run without it`)
    factor ??= inner.value('partial_rotary_factor')
    if (field === 'rope_parameters' && inner.value('rope_theta') !== undefined) theta ??= inner.positive('rope_theta')
  }
  return { theta: theta ?? fields.positive('rope_theta'), rotaryDim: rotaryDim(headDim, factor ?? defaultFactor, fileName), scaling: null }
}

function rotaryDim(headDim: number, factor: unknown, fileName: string): number {
  const dim = typeof factor === 'number' ? Math.trunc(headDim * factor) : 0
  if (dim < 2 || dim > headDim || dim % 2) throw new InputError(`${fileName} partial_rotary_factor ${quoteValue(factor)} gives no even part of head_dim ${headDim}`, REMEDY)
  return dim
}
