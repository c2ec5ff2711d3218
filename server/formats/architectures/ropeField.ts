// Reads the rotary position embedding from config.json: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (before).
import { InputError } from '../../protocol/errors'
import { jsonFields, type JsonFields } from '../jsonFields'
import type { Rope, RopeScaling } from '../modelConfig'
import { quoteValue } from '../quote'

/** What an architecture means where its config.json says nothing. */
export interface RopeDefaults {
  /** Part of a head that is rotated; 1. */
  readonly partialRotaryFactor?: number
  /** None: a file without it is refused. */
  readonly ropeTheta?: number
}

const REMEDY = 'use the config.json that came with the model'
const BLOCKS = ['rope_parameters', 'rope_scaling'] as const

/** Throws InputError for kinds of scaling that are not supported. */
export function ropeField(fields: JsonFields, fileName: string, headDim: number, defaults: RopeDefaults): Rope {
  const blocks = BLOCKS.filter((name) => fields.value(name) !== undefined).map((name) => jsonFields(fields.value(name), `${fileName} ${name}`, REMEDY))
  const holder = (field: string): JsonFields | undefined => [...blocks, fields].find((place) => place.value(field) !== undefined)
  const factor = holder('partial_rotary_factor')?.value('partial_rotary_factor') ?? defaults.partialRotaryFactor ?? 1
  return {
    theta: holder('rope_theta')?.positive('rope_theta') ?? defaults.ropeTheta ?? fields.positive('rope_theta'),
    rotaryDim: rotaryDim(headDim, factor, fileName),
    scaling: blocks.map((block) => scalingOf(block, fields, fileName)).find((scaling) => scaling !== null) ?? null,
  }
}

/** The kind of scaling that a block names. */
export function ropeKind(block: JsonFields): unknown {
  return block.value('rope_type') ?? block.value('type') ?? 'default'
}

/** Parameters as transformers' modeling_rope_utils.py names them. */
function scalingOf(block: JsonFields, fields: JsonFields, fileName: string): RopeScaling | null {
  const kind = ropeKind(block)
  switch (kind) {
    case 'default':
      return null
    case 'linear':
      return { kind, factor: block.positive('factor') }
    case 'llama3': {
      const original = 'original_max_position_embeddings'
      return {
        kind,
        factor: block.positive('factor'),
        lowFrequencyFactor: block.positive('low_freq_factor'),
        highFrequencyFactor: block.positive('high_freq_factor'),
        originalContext: block.value(original) === undefined ? fields.count('max_position_embeddings', 1 << 27) : block.count(original, 1 << 27),
      }
    }
    default:
      throw new InputError(`${fileName} asks for the rope type ${quoteValue(kind)}, which is not supported`, 'choose a checkpoint of the model without it')
  }
}

function rotaryDim(headDim: number, factor: unknown, fileName: string): number {
  const dim = typeof factor === 'number' ? Math.trunc(headDim * factor) : 0
  if (dim < 2 || dim > headDim || dim % 2) throw new InputError(`${fileName} partial_rotary_factor ${quoteValue(factor)} gives no even part of head_dim ${headDim}`, REMEDY)
  return dim
}
