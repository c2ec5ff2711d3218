// The exception filter for an answer that begins with a refusal.
import { completionStart } from '../../runs/scriptSwitch'
import type { DebugToken } from '../branch'
import type { Detector } from './detector'
import { REFUSALS } from './refusalPatterns'

/** How much of an answer is its opening; what is refused later is a part of an answer. */
const OPENING_TOKENS = 96
const OPENING_CHARACTERS = 240

/**
 * Finds where the first words of the answer refuse: `refusalPatterns.ts`, at the start of a clause among the first 240 characters of the completion,
 * or of what follows the model's thinking; role markers and markdown before it do not count. Not found are refusals in other languages and words
 * (an answer that moralises, changes the subject or asks back), and words that begin in quotes, which are somebody else's. Found wrongly are answers
 * that decline one part and give the rest, and letters or dialogues without quotes that begin like this. Costs a look at the last 96 tokens.
 */
export const refusal: Detector = {
  id: 'refusal',
  label: 'Refusal',
  description: 'The answer begins with a refusal, in English, Chinese, French, German, Spanish, Russian, Japanese or Arabic.',
  default: false,
  conditionHelp: null,
  withCondition: null,
  find(tokens, index) {
    const now = refusalIn(opening(tokens, index))
    if (now === null || refusalIn(opening(tokens, index - 1)) !== null) return null
    return { filter: 'refusal', message: `answer begins with a refusal: ${JSON.stringify(now)}`, first: firstToken(tokens, index, now), last: index }
  },
}

/** At the start of the text, after a sign, or after a word that joins clauses. */
const CLAUSE = '(?:^|[.!?:;,…—–。！？，：；、،؛\\n]\\s*|\\s(?:but|so|that|and|however|therefore|unfortunately|as|mais|que|et|aber|dass|und|pero|que|y|но|что|и)\\s+)'
const REFUSAL = new RegExp(`${CLAUSE}(?<words>${REFUSALS.flatMap(({ openings }) => openings).map((source) => `(?:${source})`).join('|')})`, 'iu')
const MARKERS = /^(?:\s|<\|[^|]*\|>|<\/?s>|(?:assistant|model|bot|AI)\s*(?::|\n)|[*_#>-])+/i
const THINKING_ENDS = /^.*<\/(?:think|thinking|thought|reasoning)>/s
const THINKING_BEGINS = /<(?:think|thinking|thought|reasoning)>/
const ENDS_THINKING_OPEN = /<(?:think|thinking|thought|reasoning)>\s*$/

/** The words that refuse, or null. */
function refusalIn(text: string | null): string | null {
  return text === null ? null : (REFUSAL.exec(text)?.groups!['words']?.trim() ?? null)
}

/** The answer as far as it is there, at most its opening; null while the model thinks and when the opening has passed. */
function opening(tokens: readonly DebugToken[], index: number): string | null {
  if (!tokens[index]?.generated) return null
  const start = completionStart(tokens)
  const from = Math.max(start, index - OPENING_TOKENS)
  const text = textOf(tokens, from, index)
  const thought = THINKING_ENDS.exec(text)
  if (!thought && (from > start || THINKING_BEGINS.test(text) || isThinking(tokens, start))) return null
  return text.slice(thought?.[0].length ?? 0).replace(MARKERS, '').replaceAll('’', "'").slice(0, OPENING_CHARACTERS)
}

/** Whether the prompt ends with the tag that opens the model's thinking, as some chat templates do. */
function isThinking(tokens: readonly DebugToken[], start: number): boolean {
  return ENDS_THINKING_OPEN.test(textOf(tokens, Math.max(0, start - 8), start - 1))
}

function textOf(tokens: readonly DebugToken[], first: number, last: number): string {
  return tokens.slice(first, last + 1).map((token) => token.text).join('')
}

/** Index of the token with which the words begin, which stand at the end of the tokens up to `last`. */
function firstToken(tokens: readonly DebugToken[], last: number, words: string): number {
  let first = last
  for (let length = tokens[last]!.text.trimEnd().length; length < words.length && tokens[first - 1]?.generated; length += tokens[first]!.text.length) first--
  return first
}
