// Between tokens and places in the two documents that show them: the prompt file, and the run document, which grows.
import type { TextRange } from '../protocol/values'
import type { DebugToken } from './branch'
import { fileLines, growingLines, type LineIndex } from './lineIndex'
import type { TextPosition } from './textPosition'

/** From the first character of a token to behind its last; of a token without text both are the same. */
export interface TextSpan {
  readonly start: TextPosition
  readonly end: TextPosition
}

/** Where a breakpoint ends up. */
export interface BreakPlace {
  /** Of the first token that it stops at. */
  readonly position: TextPosition
  /** Whether it is meant for the line, whatever stands first on it, and not for one column. */
  readonly isLine: boolean
  /** Index of that token. */
  readonly token: number
}

/**
 * Tokens of one document by place. A token stands on the line on which it begins, and on a later one when it has characters of that line beyond the
 * line ending before it: a token of blank lines stands on the first of them only. Indices are those of the branch's tokens.
 */
export interface TokenPlaces {
  /** Null for a token that does not come from this document. */
  spanOf(token: number): TextSpan | null
  /** Tokens that stand on the line, in the order of the text. */
  on(line: number): readonly number[]
  /** Tokens that cover the character at the position, and those without text that stand before it: the pieces of a character cut in bytes. */
  at(position: TextPosition): readonly number[]
  /** Columns at which the line's tokens begin, ascending, each once; 0 for a token that began before the line. */
  columnsOn(line: number): readonly number[]
  /**
   * Where a breakpoint of a line (`column` null) or of a line and column belongs: at the token that covers the column, else the next one on the
   * line, else the first on the nearest later line that has any. Null when nothing follows, or, in a document that grows, nothing has come yet.
   */
  resolve(line: number, column: number | null): BreakPlace | null
  /** Whether a branch that goes forward comes to the place with this token; a template that repeats a line comes to it repeatedly. */
  reaches(token: number, place: BreakPlace): boolean
}

/** Of the prompt file with this text; generated tokens, and those that only the template put there, have no place in it. */
export function filePlaces(text: string, tokens: readonly DebugToken[]): TokenPlaces {
  const index = new PlaceIndex(fileLines(text), (token) => token.promptRange)
  for (const token of tokens) index.add(token)
  return index
}

export interface RunPlaces extends TokenPlaces {
  /** Takes the tokens that the branch has now; only what changed costs anything. */
  update(tokens: readonly DebugToken[]): void
}

/** Of the run document of a prompt that was rendered to this text: it begins with it, and goes on with what the generated tokens say. */
export function runPlaces(renderedText: string): RunPlaces {
  const begin = (): { readonly lines: ReturnType<typeof growingLines>; readonly index: PlaceIndex } => {
    const lines = growingLines()
    lines.append(renderedText)
    return { lines, index: new PlaceIndex(lines, (token) => token.range) }
  }
  let now = begin()
  /** A list of its own: a branch's may grow or be cut in place. */
  let known: DebugToken[] = []
  return {
    spanOf: (token) => now.index.spanOf(token),
    on: (line) => now.index.on(line),
    at: (position) => now.index.at(position),
    columnsOn: (line) => now.index.columnsOn(line),
    resolve: (line, column) => now.index.resolve(line, column),
    reaches: (token, place) => now.index.reaches(token, place),
    update(tokens) {
      const goesOn = tokens.length >= known.length && known.every((token, i) => isSamePlace(token, tokens[i]!))
      if (!goesOn) {
        now = begin()
        known = []
      }
      for (const token of tokens.slice(known.length)) {
        if (token.generated) now.lines.append(token.text)
        now.index.add(token)
        known.push(token)
      }
    },
  }
}

class PlaceIndex implements TokenPlaces {
  private readonly ranges: (TextRange | null)[] = []
  private readonly byLine = new Map<number, number[]>()
  /** Lines that have a token, ascending. */
  private readonly filled: number[] = []

  constructor(
    private readonly lines: LineIndex,
    private readonly rangeOf: (token: DebugToken) => TextRange | null,
  ) {}

  add(token: DebugToken): void {
    const range = this.rangeOf(token)
    const index = this.ranges.push(range) - 1
    if (range) for (const line of this.linesOf(range)) this.put(line, index)
  }

  spanOf(token: number): TextSpan | null {
    const range = this.ranges[token]
    return range ? { start: this.lines.positionAt(range.start), end: this.lines.positionAt(range.end) } : null
  }

  on(line: number): readonly number[] {
    return this.byLine.get(line) ?? []
  }

  at(position: TextPosition): readonly number[] {
    if (position.line >= this.lines.lineCount() || position.column > this.lines.lengthOf(position.line)) return []
    const offset = this.lines.offsetAt(position)
    return this.on(position.line).filter((token) => {
      const { start, end } = this.ranges[token]!
      return start <= offset && (offset < end || (start === end && start === offset))
    })
  }

  columnsOn(line: number): readonly number[] {
    return [...new Set(this.on(line).map((token) => this.columnOn(line, token)))].sort((a, b) => a - b)
  }

  resolve(line: number, column: number | null): BreakPlace | null {
    const token = column === null ? undefined : this.on(line).find((each) => this.endOn(line, each) > column || this.columnOn(line, each) >= column)
    if (token !== undefined) {
      const begin = this.columnOn(line, token)
      // Tokens without text may stand before it in the same place, and are come to first.
      return { position: { line, column: begin }, isLine: false, token: this.on(line).find((each) => this.columnOn(line, each) === begin) ?? token }
    }
    const later = this.filled.find((each) => (column === null ? each >= line : each > line))
    if (later === undefined) return null
    const first = this.on(later)[0]!
    return { position: { line: later, column: this.columnOn(later, first) }, isLine: true, token: first }
  }

  reaches(token: number, { position: { line, column }, isLine }: BreakPlace): boolean {
    const stands = (each: number): boolean => this.standsOn(this.ranges[each]!, line) && (isLine || (this.columnOn(line, each) <= column && (column < this.endOn(line, each) || column === this.columnOn(line, each))))
    if (!this.ranges[token] || !stands(token)) return false
    let previous = token - 1
    while (previous >= 0 && !this.ranges[previous]) previous--
    if (previous < 0 || !stands(previous)) return true
    return this.ranges[previous]!.start > this.ranges[token].start
  }

  private columnOn(line: number, token: number): number {
    const start = this.lines.positionAt(this.ranges[token]!.start)
    return start.line < line ? 0 : start.column
  }

  private endOn(line: number, token: number): number {
    const end = this.lines.positionAt(this.ranges[token]!.end)
    return end.line > line ? Infinity : end.column
  }

  private linesOf(range: TextRange): number[] {
    const [first, last] = [this.lines.positionAt(range.start).line, this.lines.positionAt(range.end).line]
    return Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((line) => this.standsOn(range, line))
  }

  private standsOn({ start, end }: TextRange, line: number): boolean {
    const first = this.lines.positionAt(start).line
    const last = this.lines.positionAt(end)
    if (line <= first || line > last.line) return line === first
    return line < last.line ? this.lines.lengthOf(line) > 0 : last.column > 0
  }

  private put(line: number, token: number): void {
    const tokens = this.byLine.get(line)
    if (!tokens) {
      this.byLine.set(line, [token])
      insertAscending(this.filled, line)
      return
    }
    // Later tokens stand later, but for templates that repeat a part of the file.
    let at = tokens.length
    while (at > 0 && this.ranges[tokens[at - 1]!]!.start > this.ranges[token]!.start) at--
    tokens.splice(at, 0, token)
  }
}

function insertAscending(numbers: number[], number: number): void {
  let at = numbers.length
  while (at > 0 && numbers[at - 1]! > number) at--
  numbers.splice(at, 0, number)
}

function isSamePlace(a: DebugToken, b: DebugToken): boolean {
  return a === b || (a.range.start === b.range.start && a.range.end === b.range.end && a.text === b.text)
}
