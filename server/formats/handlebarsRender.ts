// Evaluates a Handlebars tree with given variables: conditions, loops and dotprompt's helpers; text keeps its place in the file.
import type { TextRange } from '../protocol/values'
import type { Expression, TemplateNode } from './handlebars'
import type { Problem } from './problem'
import { copiedPart, substitutedPart, type BodyPart } from './promptMessages'
import { quote } from './quote'

export interface RenderedBody {
  readonly parts: readonly BodyPart[]
  readonly problems: readonly Problem[]
}

/** Most parts that loops may produce. */
const PART_LIMIT = 20_000

/** Renders `nodes` of the file `text`. A variable without a value is empty, an unknown helper's text stays; both are warnings. */
export function renderHandlebars(text: string, nodes: readonly TemplateNode[], variables: Readonly<Record<string, unknown>>): RenderedBody {
  const renderer = new Renderer(text)
  renderer.render(nodes, { value: variables, data: { root: variables }, parent: null })
  return { parts: renderer.parts, problems: renderer.problems }
}

/** What `this` is, and the `@` variables, at a place of the template. */
interface Scope {
  readonly value: unknown
  readonly data: Readonly<Record<string, unknown>>
  readonly parent: Scope | null
}

class Renderer {
  readonly parts: BodyPart[] = []
  readonly problems: Problem[] = []
  private isFull = false

  constructor(private readonly text: string) {}

  render(nodes: readonly TemplateNode[], scope: Scope): void {
    for (const node of nodes) {
      if (this.parts.length >= PART_LIMIT) return this.stop(node)
      switch (node.kind) {
        case 'text':
          this.parts.push(copiedPart(this.text, node.start, node.end))
          break
        case 'value':
          this.renderValue(node.expression, node, scope)
          break
        case 'partial':
          this.warn(node, `partial ${quote(node.name)} is not supported and left out`, 'write its text in its place')
          break
        case 'block':
          this.renderBlock(node, scope)
          break
      }
    }
  }

  private renderValue(expression: Expression, place: TextRange, scope: Scope): void {
    const name = expression.kind === 'call' ? expression.name : expression.kind === 'path' ? expression.text : ''
    const params = expression.kind === 'call' ? expression.params : []
    switch (name) {
      case 'role':
        return void this.parts.push({ kind: 'role', role: roleName(params[0] && this.evaluate(params[0], scope)) })
      case 'history':
      case 'section':
        return
      case 'media':
        return this.warn(place, 'media is not supported and left out', 'describe it in words')
      case 'json':
        return this.substitute(this.json(expression, scope), place)
    }
    if (expression.kind === 'call') {
      this.warn(place, `helper ${quote(name)} is not known and stays as it is written`, 'write its result in its place')
      return void this.parts.push(copiedPart(this.text, place.start, place.end))
    }
    const value = this.evaluate(expression, scope)
    if (value === undefined && expression.kind === 'path') this.warn(place, `variable ${quote(name)} has no value`, 'give it one under input: default: in the front matter')
    this.substitute(valueText(value), place)
  }

  private renderBlock(node: TemplateNode & { kind: 'block' }, scope: Scope): void {
    const { call, body, otherwise } = node
    const values = call.params.map((param) => this.evaluate(param, scope))
    switch (call.name) {
      case 'if':
        return this.render(isTrue(values[0]) ? body : otherwise, scope)
      case 'unless':
        return this.render(isTrue(values[0]) ? otherwise : body, scope)
      case 'ifEquals':
        return this.render(values[0] === values[1] ? body : otherwise, scope)
      case 'unlessEquals':
        return this.render(values[0] === values[1] ? otherwise : body, scope)
      case 'with':
        return isTrue(values[0]) ? this.render(body, { value: values[0], data: scope.data, parent: scope }) : this.render(otherwise, scope)
      case 'each':
        return this.renderEach(values[0], body, otherwise, scope)
      case 'role':
        this.parts.push({ kind: 'role', role: roleName(values[0]) })
        return this.render(body, scope)
      case 'section':
        return this.render(body, scope)
    }
    this.warn(node.tag, `block helper ${quote(call.name)} is not known and stays as it is written`, 'write its result in its place')
    this.parts.push(copiedPart(this.text, node.start, node.end))
  }

  private renderEach(list: unknown, body: readonly TemplateNode[], otherwise: readonly TemplateNode[], scope: Scope): void {
    const entries = typeof list === 'object' && list !== null ? Object.entries(list) : []
    if (entries.length === 0) return this.render(otherwise, scope)
    entries.forEach(([key, value], index) => {
      const data = { ...scope.data, index, key, first: index === 0, last: index === entries.length - 1 }
      if (!this.isFull) this.render(body, { value, data, parent: scope })
    })
  }

  private evaluate(expression: Expression, scope: Scope): unknown {
    if (expression.kind === 'literal') return expression.value
    if (expression.kind === 'call') return undefined // the only helpers that are known print text or stand in blocks
    let from: Scope = scope
    for (let up = 0; up < expression.up && from.parent; up++) from = from.parent
    return expression.keys.reduce<unknown>(property, expression.data ? from.data : from.value)
  }

  private json(expression: Expression, scope: Scope): string {
    const call = expression.kind === 'call' ? expression : null
    const subject = call?.params[0]
    const indent = call?.hash.indent && this.evaluate(call.hash.indent, scope)
    return JSON.stringify((subject ? this.evaluate(subject, scope) : scope.value) ?? null, null, typeof indent === 'number' ? indent : undefined)
  }

  private substitute(text: string, place: TextRange): void {
    this.parts.push(substitutedPart(text, place.start, place.end))
  }

  private warn(range: TextRange, message: string, remedy: string): void {
    if (!this.problems.some((problem) => problem.range.start === range.start)) this.problems.push({ severity: 'warning', message, remedy, range: { start: range.start, end: range.end } })
  }

  private stop(range: TextRange): void {
    if (!this.isFull) this.problems.push({ severity: 'error', message: `prompt has more than ${PART_LIMIT} parts`, remedy: 'shorten its loops', range: { start: range.start, end: range.end } })
    this.isFull = true
  }
}

/** Own properties only; lists and texts also have a length. */
function property(value: unknown, key: string): unknown {
  if (typeof value === 'string' && key === 'length') return value.length
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
}

/** Handlebars takes 0 and empty lists for false, too. */
function isTrue(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value)
}

function valueText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.map(valueText).join(',') : JSON.stringify(value)
}

/** Dotprompt calls the assistant `model`. */
function roleName(value: unknown): string {
  const role = typeof value === 'string' ? value : 'user'
  return role === 'model' ? 'assistant' : role
}
