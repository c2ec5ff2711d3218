// Reads Handlebars, the part of it that dotprompt files use, into a tree whose every node knows its place in the file. Evaluates nothing.
// Language: https://handlebarsjs.com/guide/
import type { TextRange } from '../protocol/values'
import type { Problem } from './problem'
import { quote } from './quote'

export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  /** `../items.[0].name`, `@index`, `this`. */
  | { readonly kind: 'path'; readonly text: string; readonly data: boolean; readonly up: number; readonly keys: readonly string[] }
  | Call

export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly params: readonly Expression[]
  readonly hash: Readonly<Record<string, Expression>>
}

export type TemplateNode =
  | ({ readonly kind: 'text' } & TextRange)
  | ({ readonly kind: 'value'; readonly expression: Expression } & TextRange)
  | ({ readonly kind: 'partial'; readonly name: string } & TextRange)
  /** start and end are those of the whole block, `tag` those of its opening. */
  | ({ readonly kind: 'block'; readonly call: Call; readonly tag: TextRange; readonly body: readonly TemplateNode[]; readonly otherwise: readonly TemplateNode[] } & TextRange)

export interface ParsedTemplate {
  readonly nodes: readonly TemplateNode[]
  readonly problems: readonly Problem[]
}

/** Parses `text` from `start` on. What cannot be read stays in the text, with a problem. */
export function parseHandlebars(text: string, start: number): ParsedTemplate {
  const problems: Problem[] = []
  const pieces = splitTags(text, start, problems)
  stripBlanks(text, start, pieces)
  return { nodes: new TreeBuilder(text, pieces, problems).build(), problems }
}

type TagKind = 'open' | 'close' | 'else' | 'partial' | 'partialBlock' | 'comment' | 'value'

interface Tag extends TextRange {
  readonly tag: TagKind
  /** What stands between the braces, without sigil and tildes. */
  readonly inner: string
  readonly tildeBefore: boolean
  readonly tildeAfter: boolean
}

type Piece = (Tag & { readonly text?: never }) | ({ readonly text: true; start: number; end: number } & { readonly tag?: never })

/** Cuts the source into text and tags. */
function splitTags(text: string, start: number, problems: Problem[]): Piece[] {
  const pieces: Piece[] = []
  const addText = (from: number, to: number): void => {
    if (to > from) pieces.push({ text: true, start: from, end: to })
  }
  let from = start
  let at = text.indexOf('{{', start)
  while (at >= 0) {
    if (text[at - 1] === '\\' && at > start) {
      // `\{{name}}` is the text `{{name}}`: the backslash is left out.
      addText(from, at - 1)
      from = at
      at = text.indexOf('{{', at + 2)
      continue
    }
    const tag = readTag(text, at)
    if (!tag) {
      problems.push({ severity: 'error', message: '{{ is never closed', remedy: 'close it with }}', range: { start: at, end: lineEnd(text, at) } })
      at = text.indexOf('{{', at + 2)
      continue
    }
    addText(from, at)
    pieces.push(tag)
    from = tag.end
    at = text.indexOf('{{', from)
  }
  addText(from, text.length)
  return pieces
}

const TAG = /(\{?)(~?)(!--|[#^/>!&]?>?)([^]*?)(~?)\}\}/y

function readTag(text: string, at: number): Tag | null {
  const long = /\{\{~?!--[^]*?--(~?)\}\}/y
  long.lastIndex = at
  const comment = long.exec(text)
  if (comment) return { tag: 'comment', start: at, end: long.lastIndex, inner: '', tildeBefore: text[at + 2] === '~', tildeAfter: comment[1] === '~' }
  TAG.lastIndex = at + 2
  const match = TAG.exec(text)
  if (!match) return null
  const [, third, tildeBefore, sigil, inner, tildeAfter] = match as unknown as string[]
  // A tag that runs into another one was not closed; a comment may mention braces.
  if (!sigil!.startsWith('!') && inner!.includes('{{')) return null
  const end = TAG.lastIndex + (third && text[TAG.lastIndex] === '}' ? 1 : 0)
  return { tag: tagKind(sigil!, inner!.trim()), start: at, end, inner: inner!.trim(), tildeBefore: tildeBefore === '~', tildeAfter: tildeAfter === '~' }
}

function tagKind(sigil: string, inner: string): TagKind {
  if (sigil.startsWith('!')) return 'comment'
  if (sigil === '#>') return 'partialBlock'
  if (sigil === '#') return 'open'
  if (sigil === '/') return 'close'
  if (sigil === '>') return 'partial'
  return (sigil === '^' && inner === '') || inner === 'else' || inner.startsWith('else ') ? 'else' : 'value'
}

/** Takes away the blanks beside tildes, and the whole line of a tag that prints nothing and stands alone on it. */
function stripBlanks(text: string, start: number, pieces: Piece[]): void {
  pieces.forEach((piece, index) => {
    if (!piece.tag) return
    const before = pieces[index - 1]
    const after = pieces[index + 1]
    const alone = piece.tag !== 'value' && /(?:^|\n)[ \t]*$/.test(text.slice(start, piece.start)) && /^[ \t]*(?:\r?\n|$)/.test(text.slice(piece.end))
    if (before?.text) {
      const kept = text.slice(before.start, before.end)
      before.end -= kept.length - (piece.tildeBefore ? kept.trimEnd() : alone ? kept.replace(/[ \t]*$/, '') : kept).length
    }
    if (after?.text) {
      const kept = text.slice(after.start, after.end)
      after.start += kept.length - (piece.tildeAfter ? kept.trimStart() : alone ? kept.replace(/^[ \t]*(?:\r?\n|$)/, '') : kept).length
    }
  })
}

class TreeBuilder {
  private at = 0

  constructor(
    private readonly text: string,
    private readonly pieces: readonly Piece[],
    private readonly problems: Problem[],
  ) {}

  build(): TemplateNode[] {
    const nodes: TemplateNode[] = []
    while (this.at < this.pieces.length) {
      nodes.push(...this.nodesUntilEnd())
      const stray = this.pieces[this.at]
      if (!stray) break
      this.at++
      this.problem(stray, `${quote(this.source(stray))} closes nothing`, 'remove it')
    }
    return nodes
  }

  /** Nodes up to the closing or else tag, which is left for the caller. */
  private nodesUntilEnd(): TemplateNode[] {
    const nodes: TemplateNode[] = []
    for (; this.at < this.pieces.length; this.at++) {
      const piece = this.pieces[this.at]!
      if (piece.text) nodes.push({ kind: 'text', start: piece.start, end: piece.end })
      else if (piece.tag === 'close' || piece.tag === 'else') break
      else if (piece.tag === 'open' || piece.tag === 'partialBlock') nodes.push(this.block(piece))
      else if (piece.tag === 'partial') nodes.push({ kind: 'partial', name: piece.inner.split(/\s/)[0]!, start: piece.start, end: piece.end })
      else if (piece.tag === 'value') nodes.push(this.value(piece))
    }
    return nodes
  }

  private value(piece: Tag): TemplateNode {
    const expression = parseExpression(piece.inner)
    if (expression) return { kind: 'value', expression, start: piece.start, end: piece.end }
    this.problem(piece, `${quote(this.source(piece))} cannot be read`, 'write the name of a variable or a helper')
    return { kind: 'text', start: piece.start, end: piece.end }
  }

  /** From an opening tag, or an `else if` that stands for one, to the closing tag. */
  private block(piece: Tag): TemplateNode {
    const call = this.blockCall(piece)
    this.at++
    const body = this.nodesUntilEnd()
    const otherwise = this.otherwise()
    const close = this.pieces[this.at]
    if (close?.tag === 'close' && close.inner.split(/\s/)[0] !== call.name) this.problem(close, `${quote(this.source(close))} closes ${quote(this.source(piece))}`, `write {{/${call.name}}}`)
    if (!close) {
      this.problem(piece, `${quote(this.source(piece))} is never closed`, `close it with {{/${call.name}}}`)
      this.at--
    }
    return { kind: 'block', call, tag: { start: piece.start, end: piece.end }, body, otherwise, start: piece.start, end: close?.end ?? this.text.length }
  }

  private otherwise(): TemplateNode[] {
    const tag = this.pieces[this.at]
    if (tag?.tag !== 'else') return []
    const condition = tag.inner.replace(/^else\s*/, '')
    if (condition !== '') {
      const block = this.block({ ...tag, tag: 'open', inner: condition })
      return [block]
    }
    this.at++
    return this.nodesUntilEnd()
  }

  private blockCall(piece: Tag): Call {
    const expression = parseExpression(piece.inner)
    if (expression?.kind === 'call') return expression
    if (expression?.kind === 'path' && piece.tag !== 'partialBlock') return { kind: 'call', name: expression.text, params: [], hash: {} }
    if (piece.tag !== 'partialBlock') this.problem(piece, `${quote(this.source(piece))} cannot be read`, 'write a helper and the names of variables')
    return { kind: 'call', name: piece.inner.trim().split(/\s/)[0] ?? '', params: [], hash: {} }
  }

  private source(range: TextRange): string {
    return this.text.slice(range.start, range.end)
  }

  private problem(range: TextRange, message: string, remedy: string): void {
    this.problems.push({ severity: 'error', message, remedy, range: { start: range.start, end: range.end } })
  }
}

const EXPRESSION_TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([()])|([\w-]+)=(?!=)|(@?(?:[^\s!"#%&'()*+,;<=>@[\]^`{|}~]+|\[[^\]]*\])+))/y

/** A path, a literal or a call; null when it is none of them. */
export function parseExpression(source: string): Expression | null {
  const tokens: RegExpExecArray[] = []
  EXPRESSION_TOKEN.lastIndex = 0
  while (EXPRESSION_TOKEN.lastIndex < source.trimEnd().length) {
    const match = EXPRESSION_TOKEN.exec(source)
    if (!match) return null
    tokens.push(match)
  }
  let at = 0
  const simple = (): Expression | null => {
    const token = tokens[at++]
    if (token?.[1] !== undefined) return { kind: 'literal', value: token[1].slice(1, -1).replace(/\\(["'])/g, '$1') }
    if (token?.[4] !== undefined) return word(token[4])
    if (token?.[2] !== '(') return null
    const inner = call()
    return tokens[at++]?.[2] === ')' ? inner : null
  }
  const call = (): Expression | null => {
    const head = simple()
    const params: Expression[] = []
    const hash: Record<string, Expression> = {}
    while (at < tokens.length && tokens[at]![2] !== ')') {
      const key = tokens[at]![3]
      if (key !== undefined) at++
      const value = simple()
      if (!value) return null
      if (key === undefined) params.push(value)
      else hash[key] = value
    }
    if (params.length === 0 && Object.keys(hash).length === 0) return head
    return head?.kind === 'path' ? { kind: 'call', name: head.text, params, hash } : null
  }
  const expression = tokens.length ? call() : null
  return at === tokens.length ? expression : null
}

function word(text: string): Expression {
  if (/^-?\d+(\.\d+)?$/.test(text)) return { kind: 'literal', value: Number(text) }
  if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true' }
  if (text === 'null' || text === 'undefined') return { kind: 'literal', value: undefined }
  const data = text.startsWith('@')
  const ups = /^(?:\.\.\/)*/.exec(text.slice(data ? 1 : 0))![0]
  const rest = text.slice((data ? 1 : 0) + ups.length)
  const keys = (rest.match(/\[[^\]]*\]|[^./[\]]+/g) ?? []).map((key) => (key.startsWith('[') ? key.slice(1, -1) : key)).filter((key, index) => key !== '..' && !(index === 0 && key === 'this'))
  return { kind: 'path', text, data, up: ups.length / 3 + (rest === '..' ? 1 : 0), keys }
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
