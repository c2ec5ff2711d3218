// Data breakpoints on a feature: what its activation must do from one token to the next.
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'

/** What of an activation is waited for: `write` that it changes, `read` that it begins to fire. */
export type DataAccess = 'read' | 'write' | 'readWrite'

/** Holds for the activation on a token and on the one before; null stands before the first token, where every activation is 0. */
export type DataCondition = (now: number, before: number | null) => boolean

/**
 * `> 8` is a rise over 8: it holds now and did not on the token before; `8` is the same, `< 3` a fall, and so on for `>=`, `<=`, `==`, `!=`.
 * Without a text the access decides. Throws InputError.
 */
export function parseDataCondition(text: string | null, access: DataAccess): DataCondition {
  if (text === null || text.trim() === '') return ACCESS[access]
  const match = /^\s*(>=|>|<=|<|==?|!=|)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/.exec(text)
  if (!match) throw new InputError(`data breakpoint condition ${quote(text)} is not a comparison with a number`, 'write one such as > 8, or set a function breakpoint on the whole condition')
  const value = Number(match[2])
  const holds = COMPARISONS[match[1]!]!
  return (now, before) => holds(now, value) && !holds(before ?? 0, value)
}

const changes: DataCondition = (now, before) => now !== (before ?? 0)
const beginsToFire: DataCondition = (now, before) => now > 0 && (before ?? 0) === 0

// Whatever begins to fire has changed; both are told so that the rule reads as it is written in the docs.
const ACCESS: Readonly<Record<DataAccess, DataCondition>> = {
  write: changes,
  read: beginsToFire,
  readWrite: (now, before) => changes(now, before) || beginsToFire(now, before),
}

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '': (a, b) => a > b, '>': (a, b) => a > b, '>=': (a, b) => a >= b, '<': (a, b) => a < b, '<=': (a, b) => a <= b, '=': (a, b) => a === b, '==': (a, b) => a === b, '!=': (a, b) => a !== b,
}
