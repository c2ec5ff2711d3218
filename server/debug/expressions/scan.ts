// Cuts an expression into words, numbers, texts, patterns and signs.
import { quote } from '../../formats/quote'
import type { FeatureId, TextRange } from '../../protocol/values'
import { refuse, type Source } from './source'
import { OPERATOR_WORDS } from './words'

/** A piece of an expression, with its place in the source. */
export type Piece = { readonly range: TextRange } & (
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'text'; readonly value: string }
    | { readonly kind: 'pattern'; readonly pattern: string; readonly flags: string }
    | { readonly kind: 'feature'; readonly feature: FeatureId }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'sign'; readonly sign: string }
    | { readonly kind: 'end' }
  )

/** The pieces from `start` on; the last is the end, or the brace that closes an expression inside a log message. Throws InputError. */
export function scan(source: Source, start: number, isInBraces: boolean): readonly Piece[] {
  const pieces: Piece[] = []
  let at = start
  for (;;) {
    at += lengthOf(/\s*/y, source.text, at)
    const piece = pieceAt(source, at, isValueExpected(pieces.at(-1)))
    if (piece.kind === 'end' && isInBraces) refuse(source, { start: start - 1, end: start }, 'has a { that is never closed', 'close it with }, or write \\{ for a brace')
    if (piece.kind === 'sign' && piece.sign === '}' && isInBraces) return [...pieces, { kind: 'end', range: piece.range }]
    pieces.push(piece)
    if (piece.kind === 'end') return pieces
    at = piece.range.end
  }
}

const FEATURE = /L(\d{1,9})\s*\/\s*(\d{1,9})(?!\w|\.\d)/y
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy
const SIGN = /<=|>=|==|!=|=~|&&|\|\||[<>=!+\-*/%(),.}]/y
const PATTERN = /\/((?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([a-z]*)/y
const TEXT = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'/y

function pieceAt(source: Source, at: number, isValue: boolean): Piece {
  const { text } = source
  const found = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  const range = (match: string): TextRange => ({ start: at, end: at + match.length })
  if (at >= text.length) return { kind: 'end', range: { start: at, end: at } }
  const feature = found(FEATURE)
  if (feature) return { kind: 'feature', feature: { layer: Number(feature[1]), feature: Number(feature[2]) }, range: range(feature[0]) }
  const name = found(NAME)
  if (name) return { kind: 'name', name: name[0], range: range(name[0]) }
  const number = found(NUMBER)
  if (number) return numberPiece(source, number[0], range(number[0]))
  if (text[at] === '"' || text[at] === "'") return textPiece(source, found(TEXT), at)
  if (text[at] === '/' && isValue) return patternPiece(source, found(PATTERN), at)
  const sign = found(SIGN)
  if (sign) return { kind: 'sign', sign: sign[0], range: range(sign[0]) }
  const character = String.fromCodePoint(text.codePointAt(at)!)
  return refuse(source, range(character), `has ${quote(character)}, which means nothing here,`, 'put text into quotes, or take it out')
}

/** A slash behind a value divides, elsewhere it begins a pattern. */
function isValueExpected(before: Piece | undefined): boolean {
  if (before === undefined) return true
  if (before.kind === 'name') return OPERATOR_WORDS.includes(before.name)
  return before.kind === 'sign' && before.sign !== ')'
}

function numberPiece(source: Source, written: string, range: TextRange): Piece {
  const value = Number(written)
  if (!Number.isFinite(value)) refuse(source, range, `has the number ${quote(written, 20)}, beyond what can be computed with,`, 'write a smaller number')
  const rest = lengthOf(/[\w.]+/y, source.text, range.end)
  if (rest > 0) refuse(source, range, `has ${quote(source.text.slice(range.start, range.end + rest), 20)} where a number belongs`, 'write a number such as 8 or 0.5')
  return { kind: 'number', value, range }
}

function textPiece(source: Source, match: RegExpExecArray | null, at: number): Piece {
  if (!match) refuse(source, { start: at, end: source.text.length }, 'has a text that is never closed', 'close it with the same quote')
  const range = { start: at, end: at + match[0].length }
  return { kind: 'text', value: unescape(source, match[1] ?? match[2]!, range), range }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

/** The escapes of JSON, and the quote of either kind. */
function unescape(source: Source, written: string, range: TextRange): string {
  return written.replace(/\\(u[0-9a-fA-F]{4}|.)/gu, (_, escape: string) => {
    if (/^u./.test(escape)) return String.fromCharCode(parseInt(escape.slice(1), 16))
    if (/[\\/'"]/.test(escape)) return escape
    return ESCAPES[escape] ?? refuse(source, range, `has the escape \\${escape} in a text`, 'write \\\\ for a backslash')
  })
}

function patternPiece(source: Source, match: RegExpExecArray | null, at: number): Piece {
  if (!match) refuse(source, { start: at, end: source.text.length }, 'has a regular expression that is never closed', 'write it between slashes such as /[a-z]+/i')
  return { kind: 'pattern', pattern: match[1]!, flags: match[2]!, range: { start: at, end: at + match[0].length } }
}

function lengthOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0].length ?? 0
}
