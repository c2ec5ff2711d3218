// Finds faults in a completion by its text alone: a switch of script, and a loop. Pure; the rules are written beside each.
import type { RunDetail, RunFault, RunToken } from '../protocol/requests'

/** A fault and where it happens: `tokens` are `first` to `last`, both included, indices into the run's tokens. */
export type Fault = RunFault & { readonly first: number; readonly last: number } & (
    | { readonly kind: 'languageSwitch'; /** Unicode script, for example `Han`. */ readonly script: string }
    | { readonly kind: 'loop'; /** Tokens of the repeated unit. */ readonly period: number }
  )

/** The parts of a run that the detectors read. */
export type FaultSubject = Pick<RunDetail, 'tokens'>

/** All faults of a completion, a language switch first. */
export function detectFaults(run: FaultSubject): Fault[] {
  return [detectLanguageSwitch(run), detectLoop(run)].filter((fault) => fault !== null)
}

/** Scripts whose every character carries a syllable or a word: three of them are a switch. */
const DENSE_SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Hangul', 'Thai', 'Lao', 'Khmer', 'Myanmar'] as const
/** Scripts written in letters: symbols and abbreviations of them turn up in any text (GDP, α), so three words are a switch. */
const LETTER_SCRIPTS = ['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Bengali', 'Tamil', 'Telugu', 'Georgian', 'Armenian', 'Ethiopic'] as const
const LEAST_UNITS = 3

const SCRIPT_UNITS = [
  ...DENSE_SCRIPTS.map((script) => ({ script, unit: new RegExp(`\\p{Script=${script}}`, 'gu') })),
  ...LETTER_SCRIPTS.map((script) => ({ script, unit: new RegExp(`\\p{Script=${script}}{2,}`, 'gu') })),
].map((entry) => ({ ...entry, letter: new RegExp(`\\p{Script=${entry.script}}`, 'u') }))

/** A Japanese prompt may be answered with any of these. */
const JAPANESE = new Set(['Han', 'Hiragana', 'Katakana'])

/**
 * Finds the first script that the completion uses and the prompt does not: at least three characters of it
 * (three words of two letters or more for alphabets), counted over the whole completion. Kana in the prompt makes Han at home.
 * Special tokens such as `<|im_start|>` count on neither side. The rule sees scripts, not languages: French after English is not found.
 */
export function detectLanguageSwitch(run: FaultSubject): Fault | null {
  const prompt = run.tokens.filter((token) => !token.generated).map(plainText).join('')
  const completion = run.tokens.filter((token) => token.generated)
  const text = completion.map(plainText).join('')
  const home = new Set(SCRIPT_UNITS.filter(({ letter }) => letter.test(prompt)).map(({ script }): string => script))
  if (home.has('Hiragana') || home.has('Katakana')) JAPANESE.forEach((script) => home.add(script))
  // A prompt of digits and signs only has no script to leave.
  if (home.size === 0) return null

  const found = SCRIPT_UNITS.filter(({ script, unit }) => !home.has(script) && (text.match(unit)?.length ?? 0) >= LEAST_UNITS)
    .map(({ script, letter }) => {
      let first = completion.findIndex((token) => letter.test(plainText(token)))
      const last = completion.findLastIndex((token) => letter.test(plainText(token)))
      // A character of several tokens has its text at the last of them, and `。` announces the script as well as a letter does.
      const own = charactersOf(script)
      while (first > 0 && (completion[first - 1]!.text === '' || own.test(plainText(completion[first - 1]!)))) first--
      return { script, first: completion[first]!.index, last: completion[last]!.index }
    })
    .sort((a, b) => a.first - b.first)[0]
  if (!found) return null
  const message = `completion switches from ${[...home].join(' and ')} to ${found.script} script at token ${found.first}`
  return { kind: 'languageSwitch', message, tokens: range(found.first, found.last), ...found }
}

/** Finds any character that is written with a script: its letters, and the signs that few others use, such as `。` with Han. */
export function charactersOf(script: string): RegExp {
  return new RegExp(`\\p{Script_Extensions=${script}}`, 'u')
}

/** Longest repeated unit that is looked for, in tokens. */
const LONGEST_PERIOD = 64
/** A unit shorter than this must be repeated longer: the stretch must be as long as three units of this length. */
const UNIT_TOKENS = 4
const LEAST_REPEATS = 3

/**
 * Finds the first stretch of generated tokens that repeats with period p, at least max(3p, 12) tokens long: a unit of four or more
 * tokens three times in a row, or a shorter one as long. Units without a letter or digit (rules, tables, blank lines) do not count.
 */
export function detectLoop(run: FaultSubject): Fault | null {
  const tokens = run.tokens.filter((token) => token.generated)
  let best: { start: number; end: number; period: number } | null = null
  for (let period = 1; period <= Math.min(LONGEST_PERIOD, Math.floor(tokens.length / LEAST_REPEATS)); period++) {
    const stretch = firstStretch(tokens, period, leastLoopLength(period))
    // Multiples of a period repeat as well, so on a tie the shorter one, which came first, stays.
    if (stretch && (!best || stretch.start < best.start)) best = { ...stretch, period }
  }
  if (!best) return null
  const unit = tokens.slice(best.start, best.start + best.period).map((token) => token.text).join('')
  const times = Math.floor((best.end - best.start) / best.period)
  const first = tokens[best.start]!.index
  const last = tokens[best.end - 1]!.index
  return { kind: 'loop', message: `completion repeats ${JSON.stringify(unit)} ${times} times from token ${first}`, tokens: range(first, last), first, last, period: best.period }
}

/** Tokens that a stretch with this period needs to be a loop. */
export function leastLoopLength(period: number): number {
  return Math.max(period, UNIT_TOKENS) * LEAST_REPEATS
}

function firstStretch(tokens: readonly RunToken[], period: number, leastLength: number): { start: number; end: number } | null {
  for (let start = 0, index = period; index <= tokens.length; index++) {
    if (index < tokens.length && tokens[index]!.id === tokens[index - period]!.id) continue
    if (index - start >= leastLength && tokens.slice(start, start + period).some((token) => /[\p{L}\p{N}]/u.test(plainText(token)))) return { start, end: index }
    start = index - period + 1
  }
  return null
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
}

/** A token's text, or nothing for a special token such as `<|im_end|>` or `</think>`. */
function plainText(token: RunToken): string {
  return /^<[|/]?[\w|]+>$/.test(token.text) ? '' : token.text
}
