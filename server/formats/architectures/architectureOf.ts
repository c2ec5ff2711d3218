// Finds the architecture of a config.json, or says which part of it is missing here.
import { InputError } from '../../protocol/errors'
import type { JsonFields } from '../jsonFields'
import { quote } from '../quote'
import type { Architecture } from './architecture'
import { ARCHITECTURES } from './architectures'
import { missingParts, quantisation } from './missingParts'

/** Throws InputError when no graph computes this model. */
export function architectureOf(fields: JsonFields, fileName: string): Architecture {
  const quantised = quantisation(fields)
  if (quantised !== null) throw new InputError(`${fileName} describes quantised weights (${quantised}), which are not supported`, 'choose the checkpoint of the model that is not quantised')
  const known: readonly Architecture[] = Object.values(ARCHITECTURES)
  const architectures = fields.value('architectures')
  const className: unknown = Array.isArray(architectures) ? architectures[0] : undefined
  if (typeof className === 'string') {
    return known.find(({ classNames }) => classNames.includes(className)) ?? refuse(`architecture ${quote(className)}`, whyNot(className, fields), fileName)
  }
  const type = fields.text('model_type')
  return known.find(({ modelTypes }) => modelTypes.includes(type)) ?? refuse(`model_type ${quote(type)}`, whyNot('', fields), fileName)
}

function refuse(what: string, why: string, fileName: string): never {
  throw new InputError(`${fileName} ${what} is not supported${why}`, `choose a model of the architecture ${list(Object.keys(ARCHITECTURES), 'or')}`)
}

/** What config.json does not show, by architecture. Source: the modeling files of transformers. */
const HIDDEN_PARTS: Readonly<Record<string, string>> = {
  Phi3ForCausalLM: 'matrices stored as one (qkv_proj, gate_up_proj)',
  Qwen3NextForCausalLM: 'matrices stored as one (in_proj_qkvz, in_proj_ba)',
  Olmo2ForCausalLM: 'normalisation after attention and feed-forward',
  Olmo3ForCausalLM: 'normalisation after attention and feed-forward',
  Glm4ForCausalLM: 'normalisation after attention and feed-forward',
}

const MOST_NAMED = 6

/** Continues `… is not supported`. */
function whyNot(className: string, fields: JsonFields): string {
  if (/(For(?!Causal|Conditional)\w+|(?<!LMHead)Model)$/.test(className)) return ', because it gives no logits of next tokens'
  const hidden = HIDDEN_PARTS[className]
  const parts = [...(hidden === undefined ? [] : [hidden]), ...missingParts(fields)].slice(0, MOST_NAMED)
  return parts.length ? `, because of ${list(parts, 'and')}` : ': it is unknown as a whole, and config.json does not show what sets it apart'
}

const list = (words: readonly string[], last: string): string => (words.length > 1 ? `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}` : words.join())
