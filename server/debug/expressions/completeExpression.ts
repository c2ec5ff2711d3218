// What may be written next in an expression: names with their help, layers of the model, features that fire here.
import { renderFeature } from '../../formats/editLine'
import { InputError } from '../../protocol/errors'
import type { FeatureId, TextRange } from '../../protocol/values'
import type { Bounds } from './bounds'
import { activationText } from './numberText'
import { scan, type Piece } from './scan'
import { MEMBERS, OPERATOR_WORDS, WORDS, type Word } from './words'

export interface Completion {
  /** As it is listed: `top(14, 5)`, `L14/6159`. */
  readonly label: string
  /** What takes the place of `range`: `top(`. */
  readonly insert: string
  readonly range: TextRange
  readonly kind: Word['kind'] | 'feature' | 'layer' | 'member'
  /** One line without a full stop. */
  readonly help: string
}

/** What is there to be named. */
export interface CompletionContext {
  readonly bounds: Bounds | null
  /** Features worth naming, best first: those that fire at this place, those that are pinned. `activation` is null where it is not known. */
  readonly features: readonly { readonly feature: FeatureId; readonly activation: number | null; readonly label: string | null }[]
  /** Whether `next` and `lens` may be written here. */
  readonly mayLook: boolean
}

/** What may stand at `offset`, in place of the word that has been begun there. Nothing inside a text or a regular expression. */
export function completeExpression(text: string, offset: number, context: CompletionContext): Completion[] {
  const begun = /(?:L\d+\/\d*|[\p{L}_][\p{L}\p{N}_]*|\d+)$/u.exec(text.slice(0, offset))?.[0] ?? ''
  const before = piecesOf(text.slice(0, offset - begun.length))
  if (before === null) return []
  const range = { start: offset - begun.length, end: offset }
  return proposals(before, context).filter(({ insert }) => insert.toLowerCase().startsWith(begun.toLowerCase())).map((proposal) => ({ ...proposal, range }))
}

type Proposal = Omit<Completion, 'range'>

/** Null inside a text or a regular expression, and where nothing can be made of what stands before. */
function piecesOf(text: string): readonly Piece[] | null {
  try {
    return scan({ what: 'expression', text }, 0, false).slice(0, -1)
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
}

function proposals(before: readonly Piece[], context: CompletionContext): Proposal[] {
  const [behind, last] = [before.at(-2), before.at(-1)]
  if (isSign(last, '.')) return MEMBERS.map((name) => ({ label: name, insert: name, kind: 'member', help: `${name} of that token` }))
  if (isSign(last, '(') && behind?.kind === 'name') return argumentsOf(behind.name, context)
  if (isOperand(last)) return wordProposals(({ kind, word }) => kind === 'operator' && word !== 'not')
  if (last?.kind === 'name' && last.name === 'matches') return []
  const values = wordProposals(({ kind, word, looks }) => (kind !== 'operator' || word === 'not') && (context.mayLook || !looks))
  return [...featureProposals(context), ...values]
}

function argumentsOf(name: string, context: CompletionContext): Proposal[] {
  if (name === 'act') return featureProposals(context)
  if (name === 'token') return [{ label: '-1', insert: '-1', kind: 'layer', help: 'the token before this one' }]
  const layers = name === 'lens' ? Array.from({ length: context.bounds?.layers ?? 0 }, (_, layer) => layer) : (context.bounds?.saeLayers ?? [])
  return layers.map((layer) => ({ label: String(layer), insert: String(layer), kind: 'layer', help: `layer ${layer}` }))
}

function featureProposals({ features }: CompletionContext): Proposal[] {
  return features.map(({ feature, activation, label }) => {
    const name = renderFeature(feature)
    const help = [activation === null ? null : `fires here with ${activationText(activation)}`, label].filter((part) => part !== null).join('; ')
    return { label: name, insert: name, kind: 'feature', help: help === '' ? 'no label is known' : help }
  })
}

function wordProposals(isWanted: (word: Word) => boolean): Proposal[] {
  return WORDS.filter(isWanted).map(({ word, form, kind, help }) => ({ label: kind === 'function' ? form : word, insert: kind === 'function' ? `${word}(` : word, kind, help }))
}

function isSign(piece: Piece | undefined, sign: string): boolean {
  return piece?.kind === 'sign' && piece.sign === sign
}

/** Whether a value ends with this piece, so that an operator follows. */
function isOperand(piece: Piece | undefined): boolean {
  if (piece === undefined) return false
  if (piece.kind === 'name') return !OPERATOR_WORDS.includes(piece.name)
  return piece.kind !== 'sign' || piece.sign === ')'
}
