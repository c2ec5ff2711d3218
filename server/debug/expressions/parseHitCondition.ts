// Hit conditions of breakpoints: at which of the times that a rule holds it counts.
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'

/**
 * `3` and `== 3` the third time only, `>= 3` from the third on, `> 3`, `<= 3`, `< 3`, `% 3` every third time. Times count from 1.
 * Throws InputError.
 */
export function parseHitCondition(text: string): (times: number) => boolean {
  const match = /^\s*(>=|>|==?|<=|<|%|)\s*(\d{1,9})\s*$/.exec(text)
  if (!match) throw new InputError(`hit condition ${quote(text)} is not a number of times`, 'write one such as 3, >= 3 or % 3')
  const times = Number(match[2])
  const sign = match[1]!
  const holds = FORMS[sign]!(times)
  const never = sign === '%' ? times === 0 : sign === '<' ? times <= 1 : times === 0 && sign !== '>' && sign !== '>='
  if (never) throw new InputError(`hit condition ${quote(text)} never holds`, `write ${sign === '<' ? '< 2' : `${sign} 1`.trim()} or more`)
  return holds
}

const FORMS: Readonly<Record<string, (n: number) => (times: number) => boolean>> = {
  '': (n) => (times) => times === n,
  '=': (n) => (times) => times === n,
  '==': (n) => (times) => times === n,
  '>=': (n) => (times) => times >= n,
  '>': (n) => (times) => times > n,
  '<=': (n) => (times) => times <= n,
  '<': (n) => (times) => times < n,
  '%': (n) => (times) => times % n === 0,
}
