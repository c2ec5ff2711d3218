// The text form of edits: `L14/6159 = 0 @ generated`, one per line in a .steer file, `#` starts a comment.
import { OPEN_END, type Edit, type EditOperation, type EditPositions, type FeatureId, type TextRange } from '../protocol/values'
import type { Problem } from './problem'
import { quote } from './quote'

/** An edit, or what is wrong with the line. */
export type ParsedEdit = { readonly edit: Edit; readonly problem: null } | { readonly edit: null; readonly problem: Problem }

/** A .steer file's edits in order, each with its place, and the problems of the lines that are none. */
export interface SteerFile {
  /** `line` is 0-based; `range` covers the edit without comment and surrounding blanks. */
  readonly edits: readonly { readonly edit: Edit; readonly range: TextRange; readonly line: number }[]
  readonly problems: readonly Problem[]
}

/** Reads one edit line; a comment may follow it. Ranges count from the start of `text`. */
export function parseEditLine(text: string): ParsedEdit {
  const scanner = new EditScanner(text)
  try {
    return { edit: scanner.edit(), problem: null }
  } catch (error) {
    if (error instanceof EditProblem) return { edit: null, problem: error.problem }
    throw error
  }
}

/** Reads a .steer file: one edit per line, blank lines and comments between them. */
export function parseSteerFile(text: string): SteerFile {
  const edits: SteerFile['edits'][number][] = []
  const problems: Problem[] = []
  let start = 0
  text.split('\n').forEach((content, line) => {
    const range = trimmedRange(withoutComment(content))
    if (range.start < range.end) {
      const parsed = parseEditLine(content)
      if (parsed.edit) edits.push({ edit: parsed.edit, range: shift(range, start), line })
      else problems.push({ ...parsed.problem, range: shift(parsed.problem.range, start) })
    }
    start += content.length + 1
  })
  return { edits, problems }
}

/** The edit as a line, in the one spelling that Promptscope writes; `parseEditLine` reads it back unchanged. */
export function renderEdit(edit: Edit): string {
  const positions = renderPositions(edit.positions)
  return `${renderFeature(edit.feature)} ${OPERATORS[edit.operation.kind]} ${edit.operation.value}${positions === null ? '' : ` @ ${positions}`}`
}

/** `L14/6159`. */
export function renderFeature(feature: FeatureId): string {
  return `L${feature.layer}/${feature.feature}`
}

/** Reads `L14/6159`, blanks around it allowed; null when the text is anything else. */
export function parseFeature(text: string): FeatureId | null {
  const match = /^\s*L(\d{1,9})\/(\d{1,9})\s*$/.exec(text)
  return match && { layer: Number(match[1]), feature: Number(match[2]) }
}

const OPERATORS: Readonly<Record<EditOperation['kind'], string>> = { set: '=', add: '+=', scale: '*=' }

const FLOAT32_MAX = 3.4028234663852886e38

function renderPositions(positions: EditPositions): string | null {
  if (positions.kind === 'all') return null
  if (positions.kind !== 'ranges') return positions.kind
  return positions.ranges.map(renderRange).join(',')
}

function renderRange([first, last]: readonly [first: number, last: number]): string {
  if (last === OPEN_END) return `${first}-`
  return first === last ? `${first}` : `${first}-${last}`
}

class EditProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message)
  }
}

/** Reads one line from left to right; every `expect…` throws an EditProblem that names what stands there instead. */
class EditScanner {
  private readonly line: string
  private readonly whole: TextRange
  private at: number

  constructor(text: string) {
    this.line = withoutComment(text)
    this.whole = trimmedRange(this.line)
    this.at = this.whole.start
  }

  edit(): Edit {
    if (this.whole.start === this.whole.end) this.fail('is empty', 'write one such as L14/6159 = 0', this.whole)
    const feature = this.feature()
    const kind = this.operator()
    const value = this.number()
    const positions = this.positions()
    return { feature, operation: { kind, value }, positions }
  }

  private feature(): FeatureId {
    const match = this.match(/L(\d+)\s*\/\s*(\d+)(?![\w.])/y)
    if (!match) {
      const word = this.wordRange()
      this.fail(`has no feature at ${quote(this.textOf(word))}`, 'begin with a layer and a feature index such as L14/6159', word)
    }
    return { layer: this.index(match[1]!, 'layer'), feature: this.index(match[2]!, 'feature') }
  }

  private operator(): EditOperation['kind'] {
    const start = this.skipBlanks()
    const match = this.match(/\+=|\*=|-=|\/=|==?/y)
    if (match?.[0] === '=') return 'set'
    if (match?.[0] === '+=') return 'add'
    if (match?.[0] === '*=') return 'scale'
    const range = { start, end: match ? this.at : this.whole.end }
    if (match?.[0] === '-=') this.fail('uses the operator -=', 'write += and a negative number', range)
    if (match) this.fail(`uses the operator ${match[0]}`, 'write =, += or *=', range)
    this.fail('has no operator', 'write =, += or *=', range.start < range.end ? range : this.whole)
  }

  private number(): number {
    const start = this.skipBlanks()
    const match = this.match(/[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y)
    if (!match) {
      const word = this.wordRange()
      const found = this.textOf(word)
      this.fail(found === '' || found.startsWith('@') ? 'has no number after the operator' : `has ${quote(found)} where a number belongs`, 'write a number such as 0, 20 or 0.5', word)
    }
    const value = Number(match[0]) + 0 // + 0 turns -0, which has no spelling of its own, into 0
    if (Math.abs(value) > FLOAT32_MAX) this.fail(`has the number ${match[0]}, beyond float32`, 'write a smaller number', { start, end: this.at })
    return value
  }

  private positions(): EditPositions {
    if (this.skipBlanks() === this.whole.end) return { kind: 'all' }
    if (!this.match(/@/y)) {
      const rest = { start: this.at, end: this.whole.end }
      this.fail(`goes on with ${quote(this.textOf(rest))}`, 'end the line there, or write @ and positions', rest)
    }
    const word = this.match(/(prompt|generated|last)(?=$)/y)
    if (word) return { kind: word[1] as 'prompt' | 'generated' | 'last' }
    return { kind: 'ranges', ranges: this.ranges() }
  }

  private ranges(): [number, number][] {
    const ranges: [number, number][] = []
    do {
      const start = this.skipBlanks()
      const match = this.match(/(\d+)(?:\s*(-)\s*(\d+)?)?\s*(?=,|$)/y)
      if (!match) {
        const rest = { start, end: this.whole.end }
        this.fail(`has the positions ${quote(this.textOf(rest))}`, 'write prompt, generated, last or positions such as 3-7,12 or 12-', rest.start < rest.end ? rest : this.whole)
      }
      const first = this.index(match[1]!, 'position')
      const last = this.lastOfRange(first, match)
      if (last < first) this.fail(`has the positions ${first}-${last}, which run backwards`, `write ${last}-${first}`, { start, end: this.at })
      ranges.push([first, last])
    } while (this.match(/,/y))
    return ranges
  }

  private lastOfRange(first: number, [, , dash, digits]: RegExpExecArray): number {
    if (dash === undefined) return first
    return digits === undefined ? OPEN_END : this.index(digits, 'position')
  }

  private index(digits: string, what: string): number {
    if (digits.length > 9) this.fail(`has the ${what} ${digits}, which no model has`, `write a smaller ${what}`, this.whole)
    return Number(digits)
  }

  /** Takes the sticky pattern from the next place that is not blank; null where it does not match. */
  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.skipBlanks()
    const match = pattern.exec(this.line.slice(0, this.whole.end))
    if (match) this.at = match.index + match[0].length
    return match
  }

  private skipBlanks(): number {
    while (this.at < this.whole.end && /\s/.test(this.line[this.at]!)) this.at++
    return this.at
  }

  private wordRange(): TextRange {
    const start = this.skipBlanks()
    return { start, end: start + this.line.slice(start, this.whole.end).search(/\s|$/) }
  }

  private textOf(range: TextRange): string {
    return this.line.slice(range.start, range.end)
  }

  private fail(what: string, remedy: string, range: TextRange): never {
    throw new EditProblem({ severity: 'error', message: `edit ${quote(this.textOf(this.whole))} ${what}`, remedy, range })
  }
}

function withoutComment(line: string): string {
  const hash = line.indexOf('#')
  return hash < 0 ? line : line.slice(0, hash)
}

function trimmedRange(text: string): TextRange {
  const start = text.length - text.trimStart().length
  return { start, end: Math.max(start, text.trimEnd().length) }
}

function shift(range: TextRange, by: number): TextRange {
  return { start: range.start + by, end: range.end + by }
}
