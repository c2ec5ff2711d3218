// Hover help for the words of an expression.
import { renderFeature } from '../../formats/editLine'
import { InputError } from '../../protocol/errors'
import type { TextRange } from '../../protocol/values'
import type { Words } from './renderValue'
import { scan, type Piece } from './scan'
import { SPELLINGS, wordOf } from './words'

export interface Explanation {
  /** Of the word in the expression. */
  readonly range: TextRange
  /** How it is written: `top(14, 5)`. */
  readonly form: string
  /** One sentence without a full stop. */
  readonly help: string
}

/** What the word at `offset` means; null between words, in texts and numbers, and for unknown words. */
export function explainWord(text: string, offset: number, words: Words): Explanation | null {
  const piece = piecesOf(text).find(({ range }) => range.start <= offset && offset < range.end)
  if (piece?.kind === 'feature') {
    const label = words.label(piece.feature)
    return { range: piece.range, form: renderFeature(piece.feature), help: `activation of feature ${piece.feature.feature} of layer ${piece.feature.layer}, ${label === null ? 'of which no label is known' : JSON.stringify(label)}` }
  }
  const word = piece?.kind === 'name' ? wordOf(piece.name) : piece?.kind === 'sign' ? wordOf(SPELLINGS[piece.sign] ?? '') : undefined
  return piece && word ? { range: piece.range, form: word.form, help: word.help } : null
}

function piecesOf(text: string): readonly Piece[] {
  try {
    return scan({ what: 'expression', text }, 0, false)
  } catch (error) {
    if (error instanceof InputError) return []
    throw error
  }
}
