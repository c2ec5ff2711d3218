// Where a sentence ends in a branch's tokens: what Step Out on a token runs to.
import type { DebugToken } from './branch'
import { isSpecialText } from './specialText'

/**
 * Whether the token is the last of its sentence. After Unicode Standard Annex #29 (sentence boundaries), by whole tokens:
 *
 * - `!`, `?`, `…`, `。` and every other mark that Unicode calls a sentence terminal end it, with closing quotes, brackets and markdown after them;
 *   so does `.`, but not after an abbreviation (`e.g.`, `Dr.`), initials (`J.`, `U.S.`), the number of a list's entry (`2.`) or nothing (`.5`).
 * - A line break ends what stands on its line, unless a mark has done so or the line has no letter or digit.
 * - A special token such as `<|im_end|>` ends whatever stands before it.
 *
 * Where the branch has the next token, it may take the end away: a closing quote or another mark belongs to the sentence, `.` goes on in small
 * letters, and so does anything after a quote (`"Stop!" he said`); a letter or digit without a blank makes it no end at all (`3.14`, `file.txt`).
 * At the newest token nothing can be looked at: there a full stop after one to three digits is taken for a decimal point, and a closing quote that is
 * a token of its own ends the sentence once more. Weak spots: an abbreviation outside the list ends a sentence, and one of the list that is the
 * sentence's last word does not.
 */
export function endsSentence(tokens: readonly DebugToken[], index: number): boolean {
  const own = (tokens[index]?.text ?? '').slice(-LOOKED_AT_CHARACTERS)
  if (isSpecialText(own)) return true
  if (own === '') return false
  if (INNER_END.test(own)) return true
  const before = textBefore(tokens, index)
  const words = own.replace(/\s+$/, '')
  if (/[\n\r]/.test(own.slice(words.length))) return hasWords(lastLine(before + words)) && (words !== '' || !hasMarks(before))
  return OWN_PART.test(own) && hasMarks(before + own) && staysAnEnd(before + own, tokens[index + 1]?.text)
}

/** How far back is looked: enough for the longest abbreviation, and to see whether a line has words. */
const LOOKED_AT_CHARACTERS = 200

const MARK = '[\\p{Sentence_Terminal}…]'
const CLOSING = '(?:["\'”’)\\]}」』）】》〉〕］｝*_`]|[ \\u00a0\\u202f]?»)'
/** A token may end one sentence and open a quote of the next. */
const OPENING = '[“‘「『（《〈【]'
const END = new RegExp(`(${MARK}+)(${CLOSING}*)[ \\t]*${OPENING}?$`, 'u')
/** In scripts without blanks a token may hold the end of one sentence and the first words of the next. */
const INNER_END = new RegExp(`[。！？｡]${CLOSING}*(?!${CLOSING})[^。！？｡…\\s]`, 'u')
/** What a token must have of it to be the last of the sentence. */
const OWN_PART = new RegExp(`${MARK}|${CLOSING}`, 'u')

/** Without their last full stop, in small letters: English, German, French, Spanish, Russian. */
const ABBREVIATIONS = new Set(
  `mr mrs ms dr prof st mt jr sr vs e.g i.e eg ie cf al nr vol pp fig eq sec ch approx ca dept est inc ltd co corp gen col capt lt sgt rev hon etc
  jan feb apr jun jul aug sep sept oct nov dec bzw z.b d.h u.a usw ggf evtl inkl bspw abs hr hrn str tel mme mlle p.ex
  sr sra srta ud uds p.ej pág núm т.е т.д т.п т.к напр см стр рис им ул`.split(/\s+/),
)

/** Whether the text ends with the marks of a sentence, nothing after it being known. */
function hasMarks(text: string): boolean {
  const end = END.exec(text)
  if (!end) return false
  if (end[1] !== '.') return true
  const stem = text.slice(0, end.index)
  const word = /[\p{L}\p{M}\p{N}.]*$/u.exec(stem)![0]
  if (ABBREVIATIONS.has(word.toLowerCase())) return false
  const isInitial = /^(?:\p{L}\.)*\p{Lu}$/u.test(word) && word !== 'I'
  const isListNumber = /(?:^|\n)[ \t>*#-]*(?:\p{N}{1,3}|\p{L})$/u.test(stem)
  return !isInitial && !isListNumber && /\S/.test(stem)
}

/** Whether what has marks is an end, now that the next token is looked at. */
function staysAnEnd(text: string, next: string | undefined): boolean {
  const [, marks, closing] = END.exec(text)!
  const isFullStop = /[.．…]$/.test(marks!)
  // It may be a decimal point: `3.`, ` .`.
  if (next === undefined || next === '') return !/(?:(?<![\p{N}\p{L}])\p{N}{1,3}|\s)[.．]$/u.test(text)
  if (new RegExp(`^(?:${MARK}|[,;:，、；：])`, 'u').test(next)) return false
  // After a blank a straight quote opens.
  if (new RegExp(`^${CLOSING}`, 'u').test(next) && !/[ \t]$/.test(text)) return false
  if (/[.!?…]$/.test(text) && /^[\p{Lu}\p{Ll}\p{N}]/u.test(next)) return false
  return !((isFullStop || closing !== '') && /^[ \t]*\p{Ll}/u.test(next))
}

/** The end of what stands before the token, back to a special one. */
function textBefore(tokens: readonly DebugToken[], index: number): string {
  let text = ''
  for (let at = index - 1; at >= 0 && text.length < LOOKED_AT_CHARACTERS && !isSpecialText(tokens[at]!.text); at--) text = tokens[at]!.text + text
  return text
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1)
}

function hasWords(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text)
}
