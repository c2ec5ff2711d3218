// Renders a prompt file's Jinja body so that each stretch of text still knows its place in the file.
import { InputError } from '../protocol/errors'
import type { TextRange } from '../protocol/values'
import type { RenderedBody } from './handlebarsRender'
import type { Problem } from './problem'
import { copiedPart, substitutedPart, type BodyPart } from './promptMessages'
import { quote } from './quote'
import { compileTemplate } from './templateInterpreter'

/** Private-use characters around what is put in for the text and the `{{…}}` of the template. */
const OPEN_TEXT = '\ue000'
const OPEN_VALUE = '\ue001'
const VALUE = '\ue002'
const CLOSE = '\ue003'

/**
 * Renders `text` from `start` on with `values`. The template is rendered with a number in place of each stretch of text,
 * so that loops and conditions act on numbers and the places follow. Names in `threads` are empty without a warning.
 */
export function renderJinjaBody(text: string, start: number, values: Readonly<Record<string, unknown>>, threads: ReadonlySet<string>): RenderedBody {
  const pieces = splitPieces(text, start)
  const problems = variableProblems(text, pieces, values, threads)
  if (pieces.every(({ kind }) => kind === 'text')) return { parts: pieces.map((piece) => copiedPart(text, piece.start, piece.end)), problems }
  const template = pieces
    .map((piece, index) => {
      if (piece.kind === 'text') return `${OPEN_TEXT}${index}${CLOSE}`
      const source = text.slice(piece.start, piece.end)
      return piece.kind === 'value' ? `${OPEN_VALUE}${index}${VALUE}${source}${CLOSE}` : source
    })
    .join('')
  try {
    return { parts: readParts(text, pieces, compileTemplate(template).render(values)), problems }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const range = { start, end: text.length }
    return { parts: [copiedPart(text, start, text.length)], problems: [...problems, { severity: 'error', message: error.message.replace(/^chat template/, 'prompt'), remedy: 'correct the {{…}} and {%…%} in it', range }] }
  }
}

interface Piece extends TextRange {
  readonly kind: 'text' | 'value' | 'statement'
}

const TAG = /\{\{(-?)[^]*?(-?)\}\}|\{%(-?)[^]*?(-?)%\}|\{#(-?)[^]*?(-?)#\}/g

/** Text, values and statements in order; the blanks that `-` takes away are left out. */
function splitPieces(text: string, start: number): Piece[] {
  const pieces: Piece[] = []
  let from = start
  let trimNext = false
  const addText = (to: number, trimEnd: boolean): void => {
    const content = text.slice(from, to)
    const first = trimNext ? content.length - content.trimStart().length : 0
    const last = trimEnd ? content.trimEnd().length : content.length
    if (last > first) pieces.push({ kind: 'text', start: from + first, end: from + last })
  }
  for (const match of text.slice(start).matchAll(TAG)) {
    const at = start + match.index
    addText(at, (match[1] ?? match[3] ?? match[5]) === '-')
    trimNext = (match[2] ?? match[4] ?? match[6]) === '-'
    from = at + match[0].length
    if (!match[0].startsWith('{#')) pieces.push({ kind: match[0].startsWith('{{') ? 'value' : 'statement', start: at, end: from })
  }
  addText(text.length, false)
  return pieces
}

function readParts(text: string, pieces: readonly Piece[], rendered: string): BodyPart[] {
  return Array.from(rendered.matchAll(/\ue000(\d+)\ue003|\ue001(\d+)\ue002([^\ue003]*)\ue003/g), (match) => {
    const piece = pieces[Number(match[1] ?? match[2])]!
    return match[1] === undefined ? substitutedPart(match[3]!, piece.start, piece.end) : copiedPart(text, piece.start, piece.end)
  })
}

/** A warning per value whose variable is neither given nor set in the body. */
function variableProblems(text: string, pieces: readonly Piece[], values: Readonly<Record<string, unknown>>, threads: ReadonlySet<string>): Problem[] {
  const body = pieces.filter(({ kind }) => kind === 'statement').map(({ start, end }) => text.slice(start, end)).join('\n')
  const set = new Set(Array.from(body.matchAll(/\b(?:for|set)\s+([\w\s,]+?)\s*(?:\bin\b|=)/g), (match) => match[1]!.split(/[\s,]+/)).flat())
  return pieces.flatMap((piece): Problem[] => {
    const name = piece.kind === 'value' ? /^\{\{-?\s*([A-Za-z_]\w*)/.exec(text.slice(piece.start, piece.end))?.[1] : undefined
    if (name === undefined || name === 'loop' || Object.hasOwn(values, name) || threads.has(name) || set.has(name)) return []
    return [{ severity: 'warning', message: `variable ${quote(name)} has no value`, remedy: 'give it a default under inputs: in the front matter', range: { start: piece.start, end: piece.end } }]
  })
}
