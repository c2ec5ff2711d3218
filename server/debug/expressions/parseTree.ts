// Reads an expression into a tree: `or`, `and`, `not`, one comparison, sums, products, from the loosest to the tightest.
import { quote } from '../../formats/quote'
import type { TextRange } from '../../protocol/values'
import { scan, type Piece } from './scan'
import { refuse, type Source } from './source'
import type { Arithmetic, Comparison, Tree } from './tree'
import { OPERATOR_WORDS, SPELLINGS } from './words'

/** Deepest nesting of parentheses, `not` and minus signs. */
export const MOST_LEVELS = 40

/** The tree of what stands from `start` on, and where it ends: the end of the text, or the brace that closes it. Throws InputError. */
export function parseTree(source: Source, start = 0, isInBraces = false): { readonly tree: Tree; readonly end: number } {
  const pieces = scan(source, start, isInBraces)
  return { tree: new TreeReader(source, pieces).whole(), end: pieces.at(-1)!.range.start }
}

const COMPARISONS = ['<', '<=', '>', '>=', '==', '!=']

class TreeReader {
  private at = 0
  private levels = 0

  constructor(
    private readonly source: Source,
    private readonly pieces: readonly Piece[],
  ) {}

  whole(): Tree {
    const tree = this.or()
    const rest = this.piece
    if (rest.kind === 'sign' && rest.sign === ')') this.refuse(rest.range, 'has a ) that closes nothing', 'take it out')
    if (rest.kind !== 'end') this.refuse(rest.range, `goes on with ${this.written(rest)}`, 'join two parts with and, or')
    return tree
  }

  private or(): Tree {
    return this.chain('or', () => this.and())
  }

  private and(): Tree {
    return this.chain('and', () => this.not())
  }

  private chain(word: 'and' | 'or', operand: () => Tree): Tree {
    let left = operand()
    while (this.take(word)) {
      const right = operand()
      left = { kind: word, left, right, range: around(left, right) }
    }
    return left
  }

  private not(): Tree {
    const { range } = this.piece
    if (!this.take('not')) return this.comparison()
    const of = this.deeper(range, () => this.not())
    return { kind: 'not', of, range: { start: range.start, end: of.range.end } }
  }

  private comparison(): Tree {
    const left = this.sum()
    const tree = this.comparedWith(left)
    if (tree !== left && (this.sign(COMPARISONS) || this.isWord('matches') || this.isWord('in'))) {
      this.refuse(this.piece.range, `compares a second time with ${this.written(this.piece)}`, 'join two comparisons with and, for example 0.1 < prob and prob < 0.5')
    }
    return tree
  }

  private comparedWith(left: Tree): Tree {
    const { range } = this.piece
    if (this.sign(['='])) this.refuse(range, 'has a single =', 'write == to compare; a value is set in Variables')
    const sign = this.sign(COMPARISONS)
    if (sign !== null) {
      this.at++
      if (sign === '==' && this.sign(['='])) this.refuse(range, 'has ===', 'write ==')
      const right = this.sum()
      return { kind: 'compare', sign: sign as Comparison, left, right, range: around(left, right) }
    }
    if (this.take('in')) {
      const right = this.sum()
      return { kind: 'in', left, right, range: around(left, right) }
    }
    if (!this.take('matches')) return left
    const pattern = this.piece
    if (pattern.kind !== 'pattern') this.refuse(pattern.range, `has ${this.written(pattern)} where a regular expression belongs`, 'write one between slashes such as /[a-z]+/i')
    this.at++
    return { kind: 'matches', left, pattern: pattern.pattern, flags: pattern.flags, patternRange: pattern.range, range: { start: left.range.start, end: pattern.range.end } }
  }

  private sum(): Tree {
    return this.arithmetic(['+', '-'], () => this.product())
  }

  private product(): Tree {
    return this.arithmetic(['*', '/', '%'], () => this.minus())
  }

  private arithmetic(signs: readonly Arithmetic[], operand: () => Tree): Tree {
    let left = operand()
    for (let sign = this.sign(signs); sign !== null; sign = this.sign(signs)) {
      this.at++
      const right = operand()
      left = { kind: 'arithmetic', sign, left, right, range: around(left, right) }
    }
    return left
  }

  private minus(): Tree {
    const { range } = this.piece
    if (this.sign(['-']) === null) return this.member()
    this.at++
    const of = this.deeper(range, () => this.minus())
    return { kind: 'minus', of, range: { start: range.start, end: of.range.end } }
  }

  private member(): Tree {
    let of = this.value()
    while (this.sign(['.'])) {
      this.at++
      const piece = this.piece
      if (piece.kind !== 'name') this.refuse(piece.range, `has ${this.written(piece)} behind a dot`, 'write a name such as text')
      this.at++
      of = { kind: 'member', of, name: piece.name, nameRange: piece.range, range: { start: of.range.start, end: piece.range.end } }
    }
    return of
  }

  private value(): Tree {
    const piece = this.piece
    const { range } = piece
    if (this.sign(['('])) return this.parenthesis()
    if (this.isWord('not')) this.refuse(range, `has ${this.written(piece)} where a value belongs`, 'put what it denies into parentheses')
    if (piece.kind === 'name' && !OPERATOR_WORDS.includes(piece.name)) {
      this.at++
      return this.sign(['(']) ? this.call(piece.name, range) : { kind: 'name', name: piece.name, range }
    }
    if (piece.kind === 'pattern') this.refuse(range, 'has a regular expression with nothing to match', 'write text matches in front of it')
    if (piece.kind === 'name' || piece.kind === 'sign') this.refuse(range, `has ${this.written(piece)} where a value belongs`, 'write a value such as prob, text or L14/6159')
    if (piece.kind === 'end') this.refuse(range, 'ends where a value belongs', 'write a value such as prob, text or L14/6159')
    this.at++
    return piece
  }

  private parenthesis(): Tree {
    const { range } = this.piece
    this.at++
    const tree = this.deeper(range, () => this.or())
    this.close(range)
    return tree
  }

  /** What stands in parentheses behind a name: a feature for `act`, whole numbers for the others. */
  private call(name: string, nameRange: TextRange): Tree {
    const opened = this.piece.range
    this.at++
    const first = this.piece
    if (name === 'act') {
      if (first.kind !== 'feature') this.refuse(first.range, `has ${this.written(first)} in act( )`, 'write a feature such as act(L14/6159)')
      this.at++
      return { kind: 'feature', feature: first.feature, range: { start: nameRange.start, end: this.close(opened).end } }
    }
    const numbers: number[] = []
    if (!this.sign([')'])) {
      do numbers.push(this.wholeNumber(name))
      while (this.take(','))
    }
    return { kind: 'call', name, numbers, range: { start: nameRange.start, end: this.close(opened).end } }
  }

  private wholeNumber(name: string): number {
    const isNegative = this.take('-')
    const piece = this.piece
    if (piece.kind !== 'number' || !Number.isSafeInteger(piece.value)) this.refuse(piece.range, `has ${this.written(piece)} in ${name.slice(0, 20)}( )`, 'write a whole number')
    this.at++
    return isNegative ? 0 - piece.value : piece.value
  }

  private close(opened: TextRange): TextRange {
    const { range } = this.piece
    if (this.piece.kind === 'end') this.refuse(opened, 'has a ( that is never closed', 'close it with )')
    if (!this.take(')')) this.refuse(range, `goes on with ${this.written(this.piece)}`, 'close the parentheses with )')
    return range
  }

  private deeper<T>(range: TextRange, read: () => T): T {
    if (++this.levels > MOST_LEVELS) this.refuse(range, `nests deeper than ${MOST_LEVELS} levels`, 'take out parentheses')
    const result = read()
    this.levels--
    return result
  }

  private get piece(): Piece {
    return this.pieces[this.at]!
  }

  /** The sign that stands here if it is one of these. */
  private sign<S extends string>(signs: readonly S[]): S | null {
    const piece = this.piece
    return piece.kind === 'sign' ? (signs.find((sign) => sign === piece.sign) ?? null) : null
  }

  /** Whether the word stands here, in either spelling. */
  private isWord(word: string): boolean {
    const piece = this.piece
    return (piece.kind === 'name' && piece.name === word && OPERATOR_WORDS.includes(word)) || (piece.kind === 'sign' && (SPELLINGS[piece.sign] ?? piece.sign) === word)
  }

  private take(word: string): boolean {
    if (!this.isWord(word)) return false
    this.at++
    return true
  }

  private written({ kind, range }: Piece): string {
    return kind === 'end' ? 'nothing' : quote(this.source.text.slice(range.start, range.end), 20)
  }

  private refuse(range: TextRange, problem: string, remedy: string): never {
    refuse(this.source, range, problem, remedy)
  }
}

function around(left: Tree, right: Tree): TextRange {
  return { start: left.range.start, end: right.range.end }
}
