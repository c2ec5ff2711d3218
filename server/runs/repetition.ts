// The rule for a loop: when a completion repeats itself. Pure, and asked token by token.
import { plainText, type CompletionToken } from './scriptSwitch'

/** A repeated unit and where its stretch begins. */
export interface Repetition {
  /** Index of the first token of the first repetition. */
  readonly first: number
  /** Tokens of the repeated unit. */
  readonly period: number
}

/** Longest repeated unit that is looked for, in tokens. */
const LONGEST_PERIOD = 64
/** A unit shorter than this must be repeated longer: the stretch must be as long as three units of this length. */
const UNIT_TOKENS = 4
const LEAST_REPEATS = 3

/** Tokens that a stretch with this period needs to be a loop. */
export function leastLoopLength(period: number): number {
  return Math.max(period, UNIT_TOKENS) * LEAST_REPEATS
}

/**
 * The loop that the completion is in at this token: the generated tokens up to it repeat with a period p, and have done so for max(3p, 12) tokens: a
 * unit of four or more tokens three times in a row, or a shorter one as long. Units without a letter or digit (rules, tables, blank lines) do not
 * count. The shortest such period; null outside a loop. `tokens` may go on behind `index`; they are not looked at. Costs 64 comparisons of ids, and
 * in a stretch that repeats as many as it is long.
 */
export function loopAt(tokens: readonly CompletionToken[], index: number): Repetition | null {
  for (let period = 1; period <= LONGEST_PERIOD; period++) {
    const first = stretchTo(tokens, index, period)
    if (index + 1 - first >= leastLoopLength(period) && hasWords(tokens, first, period)) return { first, period }
  }
  return null
}

/** One sentence without a full stop about a loop up to token `last`: `completion repeats "I am" 4 times from token 31`. */
export function loopMessage(tokens: readonly CompletionToken[], { first, period }: Repetition, last: number): string {
  const unit = tokens.slice(first, first + period).map((token) => token.text).join('')
  return `completion repeats ${JSON.stringify(unit)} ${Math.floor((last + 1 - first) / period)} times from token ${first}`
}

/** Index of the first token of the generated stretch that repeats with this period and ends with this token; behind it when none does. */
function stretchTo(tokens: readonly CompletionToken[], index: number, period: number): number {
  let at = index
  while (at - period >= 0 && tokens[at - period]!.generated && tokens[at]!.id === tokens[at - period]!.id) at--
  return at === index ? index + 1 : at - period + 1
}

function hasWords(tokens: readonly CompletionToken[], first: number, period: number): boolean {
  return tokens.slice(first, first + period).some((token) => /[\p{L}\p{N}]/u.test(plainText(token)))
}
