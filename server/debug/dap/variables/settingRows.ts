// What a branch is done with, as variables: the scopes Edits and Sampler.
import { renderEdit, renderFeature } from '../../../formats/editLine'
import { quote } from '../../../formats/quote'
import { InputError } from '../../../protocol/errors'
import type { Sampling } from '../../../protocol/values'
import type { Change } from '../../branch'
import { parseFeatureValue } from '../../expressions/parseFeatureValue'
import type { Frame, Live } from '../live'
import { plainRow, type Row } from './container'
import { labelText } from './featureRows'

/** The branch's edits, each with whether it changed the residual on the frame's token; writing to one changes it from here on. */
export function editRows(live: Live, { branchId, position }: Frame): Row[] {
  const { edits, tokens } = live.debuggee.branch(branchId)
  const fired = tokens[position]!.fired
  const names = new Map<string, number>()
  return edits.map((edit, index) => {
    const feature = renderFeature(edit.feature)
    const count = (names.get(feature) ?? 0) + 1
    names.set(feature, count)
    const { label } = live.program.describe(edit.feature)
    return {
      ...plainRow(count === 1 ? feature : `${feature} (${count})`, `${renderEdit(edit).slice(feature.length + 1)}, ${fired.includes(index) ? 'fired here' : 'not at work here'}${labelText(label)}`, 'edit', feature),
      set: (text) => ({ kind: 'edit', feature: edit.feature, operation: parseFeatureValue(text) }),
    }
  })
}

/** What chooses the tokens after the branch's last; writing to one changes it from here on. */
export function samplerRows(live: Live, { branchId }: Frame): Row[] {
  const { sampling, generate } = live.debuggee.branch(branchId)
  const rows = SAMPLING.map(({ name, expected, isValid }): Row => ({
    ...plainRow(name, String(sampling[name]), 'number'),
    set: (text) => ({ kind: 'sampling', sampling: { [name]: readNumber(name, text, expected, isValid) } }),
  }))
  return [...rows, { ...plainRow('generate', String(generate), 'number'), set: (text): Change => ({ kind: 'generate', generate: readNumber('generate', text, 'a whole number of 0 or more', isCount) }) }]
}

const isCount = (number: number): boolean => Number.isSafeInteger(number) && number >= 0

const SAMPLING: readonly { readonly name: keyof Sampling; readonly expected: string; readonly isValid: (number: number) => boolean }[] = [
  { name: 'temperature', expected: 'a number of 0 or more', isValid: (number) => number >= 0 },
  { name: 'topP', expected: 'a number above 0, at most 1', isValid: (number) => number > 0 && number <= 1 },
  { name: 'topK', expected: 'a whole number of 0 or more', isValid: isCount },
  { name: 'seed', expected: 'a whole number of 0 to 4294967295', isValid: (number) => isCount(number) && number < 2 ** 32 },
]

function readNumber(name: string, text: string, expected: string, isValid: (number: number) => boolean): number {
  const number = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : NaN
  if (!Number.isFinite(number) || !isValid(number)) throw new InputError(`${name} ${quote(text)} is not ${expected}`, `write ${expected}`)
  return number
}
