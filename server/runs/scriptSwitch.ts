// The rule for a switch of language: when a completion has left the scripts of its prompt. Pure, and asked token by token.
import type { RunToken } from '../protocol/requests'

/** The parts of a token that rules about a completion's text read. */
export type CompletionToken = Pick<RunToken, 'index' | 'id' | 'text' | 'generated'>

export interface ScriptSwitch {
  /** Unicode script, for example `Han`. */
  readonly script: string
  /** Index of the first token of the script. */
  readonly first: number
  /** Scripts of the prompt. */
  readonly home: readonly string[]
}

/** Scripts whose every character carries a syllable or a word: three of them are a switch. */
const DENSE_SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Hangul', 'Thai', 'Lao', 'Khmer', 'Myanmar'] as const
/** Scripts written in letters: symbols and abbreviations of them turn up in any text (GDP, α), so three words are a switch. */
const LETTER_SCRIPTS = ['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Bengali', 'Tamil', 'Telugu', 'Georgian', 'Armenian', 'Ethiopic'] as const
const LEAST_UNITS = 3

const SCRIPTS = [
  ...DENSE_SCRIPTS.map((script) => ({ script, unit: new RegExp(`\\p{Script=${script}}`, 'gu') })),
  ...LETTER_SCRIPTS.map((script) => ({ script, unit: new RegExp(`\\p{Script=${script}}{2,}`, 'gu') })),
].map((entry) => ({ ...entry, letter: new RegExp(`\\p{Script=${entry.script}}`, 'u') }))
const LATIN_ONLY = SCRIPTS.filter(({ script }) => script === 'Latin')

/** A Japanese prompt may be answered with any of these. */
const JAPANESE = ['Han', 'Hiragana', 'Katakana']

/**
 * The script to which the completion has switched with this very token: one that the prompt does not use and that now has three characters (three
 * words of two letters or more for alphabets), counted over the completion so far. Null before, and on all later tokens unless another script
 * follows. Kana in the prompt makes Han at home; a prompt without letters has no script to leave; special tokens such as `<|im_start|>` count on
 * neither side. The rule sees scripts, not languages: French after English is not found. `tokens` may go on behind `index`; they are not looked at.
 * Costs a look at the token, and one over the text so far while a foreign script has fewer than three units.
 */
export function scriptSwitchAt(tokens: readonly CompletionToken[], index: number): ScriptSwitch | null {
  const token = tokens[index]
  if (!token?.generated) return null
  const own = plainText(token)
  const present = (/^[\0-\x7f]*$/.test(own) ? LATIN_ONLY : SCRIPTS).filter(({ letter }) => letter.test(own))
  if (present.length === 0) return null
  const start = completionStart(tokens)
  const found = present.filter(({ letter, unit }) => isFull(tokens, start, index, letter, unit) && !isFull(tokens, start, index - 1, letter, unit))
  if (found.length === 0) return null
  const home = homeScripts(tokens.slice(0, start))
  if (home.length === 0) return null
  const foreign = found.find(({ script }) => !home.includes(script))
  return foreign ? { script: foreign.script, first: firstOf(tokens, start, foreign), home } : null
}

/** One sentence without a full stop: `completion switches from Latin to Han script at token 3`. */
export function scriptSwitchMessage({ home, script, first }: ScriptSwitch): string {
  return `completion switches from ${home.join(' and ')} to ${script} script at token ${first}`
}

/** Finds any character that is written with a script: its letters, and the signs that few others use, such as `。` with Han. */
export function charactersOf(script: string): RegExp {
  return new RegExp(`\\p{Script_Extensions=${script}}`, 'u')
}

/** Index of the last token with a letter of the script, up to the end of `tokens`. */
export function lastOfScript(tokens: readonly CompletionToken[], script: string): number {
  const letter = new RegExp(`\\p{Script=${script}}`, 'u')
  return tokens.findLastIndex((token) => token.generated && letter.test(plainText(token)))
}

/** Index of the first generated token; the number of tokens when there is none. */
export function completionStart(tokens: readonly CompletionToken[]): number {
  let [low, high] = [0, tokens.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (tokens[middle]!.generated) high = middle
    else low = middle + 1
  }
  return low
}

/** A token's text, or nothing for a special token such as `<|im_end|>` or `</think>`. */
export function plainText(token: CompletionToken): string {
  return /^<[|/]?[\w|]+>$/.test(token.text) ? '' : token.text
}

/** Whether there are enough units of a script between two tokens, both included. */
function isFull(tokens: readonly CompletionToken[], start: number, last: number, letter: RegExp, unit: RegExp): boolean {
  let text = ''
  for (let at = start; at <= last; at++) {
    const own = plainText(tokens[at]!)
    text += own
    if (letter.test(own) && (text.match(unit)?.length ?? 0) >= LEAST_UNITS) return true
  }
  return false
}

function homeScripts(prompt: readonly CompletionToken[]): string[] {
  const text = prompt.map(plainText).join('')
  const home = new Set(SCRIPTS.filter(({ letter }) => letter.test(text)).map(({ script }): string => script))
  if (home.has('Hiragana') || home.has('Katakana')) JAPANESE.forEach((script) => home.add(script))
  return [...home]
}

function firstOf(tokens: readonly CompletionToken[], start: number, { script, letter }: { readonly script: string; readonly letter: RegExp }): number {
  let first = start
  while (!letter.test(plainText(tokens[first]!))) first++
  // A character of several tokens has its text at the last of them, and `。` announces the script as well as a letter does.
  const own = charactersOf(script)
  while (first > start && (tokens[first - 1]!.text === '' || own.test(plainText(tokens[first - 1]!)))) first--
  return first
}
