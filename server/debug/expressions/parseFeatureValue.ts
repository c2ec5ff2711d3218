// What one writes into a feature's value: a number to hold it at, an operator, or the words of the editor's commands.
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'
import type { EditOperation } from '../../protocol/values'

const FLOAT32_MAX = 3.4028234663852886e38
const EXAMPLES = 'write a number, += 20, *= 0.5, suppress, boost 20, clamp 8 or none'

/**
 * The edit from here on, or null where edits are to be taken away (`none`, `off`). A label in quotes may stand behind, as the value was shown with
 * one. Throws InputError.
 */
export function parseFeatureValue(text: string): EditOperation | null {
  const match = /^\s*([A-Za-z]*|[-+*/]?={1,2})\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)?\s*("(?:[^"\\]|\\.)*"\s*)?$/.exec(text)
  if (!match) throw new InputError(`value ${quote(text)} is not a value of a feature`, EXAMPLES)
  const [, written = '', digits] = match
  const word = written.toLowerCase()
  if (word === 'none' || word === 'off' || word === 'suppress') {
    if (digits !== undefined) throw new InputError(`value ${quote(text)} has a number behind ${word}`, `write ${word} alone`)
    return word === 'suppress' ? { kind: 'set', value: 0 } : null
  }
  const operation = OPERATIONS.get(word)
  if (!operation) throw new InputError(`value ${quote(text)} is not a value of a feature`, EXAMPLES)
  if (digits === undefined) throw new InputError(`value ${quote(text)} has no number`, word === '' ? EXAMPLES : `write one behind it, for example ${word} ${word === '*=' ? '0.5' : '20'}`)
  const number = Number(digits)
  if (Math.abs(number) > FLOAT32_MAX) throw new InputError(`value ${quote(text)} is beyond float32`, 'write a smaller number')
  return operation(number + 0) // + 0 turns -0, which has no spelling of its own, into 0
}

const set = (value: number): EditOperation => ({ kind: 'set', value })
const add = (value: number): EditOperation => ({ kind: 'add', value })

const OPERATIONS: ReadonlyMap<string, (number: number) => EditOperation> = new Map([
  ['', set], ['=', set], ['==', set], ['clamp', set], ['+=', add], ['boost', add],
  ['-=', (number: number) => add(0 - number)],
  ['*=', (value: number): EditOperation => ({ kind: 'scale', value })],
])
