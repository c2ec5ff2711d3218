// Gives an expression its meaning: every name its type, every comparison its check, and a function that answers at a token.
import type { Inspection } from '../../engine/engine'
import { renderFeature } from '../../formats/editLine'
import { nearestKey } from '../../formats/nearestKey'
import { quote } from '../../formats/quote'
import type { TextRange } from '../../protocol/values'
import type { DebugToken } from '../branch'
import type { Facts } from '../facts'
import { checkFeature, checkLayer, checkSaeLayer, type Bounds } from './bounds'
import { compilePattern } from './pattern'
import { refuse, type Source } from './source'
import type { Comparison, Tree } from './tree'
import type { NumberUnit, Value } from './value'
import { MEMBERS, WORDS } from './words'

/** What an expression is asked at. */
export interface Sight {
  readonly at: Facts
  /** Null where nothing was looked at. */
  readonly look: Inspection | null
  /** Whether tokens after this one count as there. For conditions they do not, else going back would find others than going on did. */
  readonly isAheadKnown: boolean
}

/** A typed expression. `of` answers null for what nobody knows. */
export type Term =
  | { readonly type: 'number'; readonly unit: NumberUnit; readonly of: (sight: Sight) => number | null }
  | { readonly type: 'text'; readonly of: (sight: Sight) => string | null }
  | { readonly type: 'truth'; readonly of: (sight: Sight) => boolean | null }
  | { readonly type: 'token'; readonly of: (sight: Sight) => DebugToken | null }
  | { readonly type: 'list'; readonly of: (sight: Sight) => Value | null }

/** Where an expression stands, and what the model has. */
export interface Setting {
  readonly source: Source
  readonly bounds: Bounds | null
  /** Whether `next` and `lens` may be asked for. */
  readonly mayLook: boolean
}

/** Throws InputError for unknown names, values of the wrong kind, and what the model does not have. */
export function compile(tree: Tree, setting: Setting): Term {
  const { source, bounds } = setting
  switch (tree.kind) {
    case 'number': return { type: 'number', unit: 'plain', of: () => tree.value }
    case 'text': return { type: 'text', of: () => tree.value }
    case 'feature': {
      checkFeature(source, tree.range, tree.feature, bounds)
      return { type: 'number', unit: 'plain', of: ({ at }) => at.activation(tree.feature) }
    }
    case 'name': return nameTerm(tree, setting)
    case 'call': return callTerm(tree, setting)
    case 'member': return memberTerm(tree, setting)
    case 'minus': {
      const of = numberOf(tree.of, setting, 'changes the sign of')
      return { type: 'number', unit: 'plain', of: (sight) => known(of(sight), (number) => 0 - number) }
    }
    case 'arithmetic': return arithmeticTerm(tree, setting)
    case 'compare': return comparisonTerm(tree, setting)
    case 'matches': {
      const left = compile(tree.left, setting)
      if (left.type !== 'text') return refuse(source, tree.left.range, `searches ${describe(left)} with a regular expression`, 'write text or completion in its place')
      const found = compilePattern(source, tree.patternRange, tree.pattern, tree.flags)
      return { type: 'truth', of: (sight) => known(left.of(sight), found) }
    }
    case 'in': return membershipTerm(tree, setting)
    case 'not': {
      const of = truthOf(tree.of, setting)
      return { type: 'truth', of: (sight) => known(of(sight), (truth) => !truth) }
    }
    case 'and':
    case 'or': return logicTerm(tree, setting)
  }
}

/** A yes or no of it: a feature by itself means above 0. Throws InputError for any other value. */
export function truthOf(tree: Tree, setting: Setting): (sight: Sight) => boolean | null {
  const term = compile(tree, setting)
  if (term.type === 'truth') return term.of
  if (tree.kind === 'feature' && term.type === 'number') return (sight) => known(term.of(sight), (activation) => activation > 0)
  return refuse(setting.source, tree.range, `has ${describe(term)} where a yes or no belongs`, USES[term.type])
}

/** How a value becomes a yes or no. */
const USES: Readonly<Record<Exclude<Term['type'], 'truth'>, string>> = {
  number: 'compare it, for example with > 0',
  text: 'compare it, or write matches and a regular expression',
  token: 'ask for its text or id, for example token(-1).text == "the"',
  list: 'ask for a feature in it, for example L14/6159 in top(14, 5)',
}

/** An unknown value stays unknown whatever is done with it. */
function known<T, R>(value: T | null, then: (value: T) => R): R | null {
  return value === null ? null : then(value)
}

function nameTerm({ name, range }: Tree & { kind: 'name' }, { source, mayLook }: Setting): Term {
  switch (name) {
    case 'prob': return { type: 'number', unit: 'probability', of: ({ at }) => known(at.token.prediction, ({ logprob }) => Math.exp(logprob)) }
    case 'logprob': return { type: 'number', unit: 'plain', of: ({ at }) => known(at.token.prediction, ({ logprob }) => logprob) }
    case 'entropy': return { type: 'number', unit: 'plain', of: ({ at }) => known(at.token.prediction, ({ entropy }) => entropy) }
    case 'rank': return { type: 'number', unit: 'plain', of: ({ at }) => known(at.token.prediction, ({ rank }) => rank) }
    case 'text': return { type: 'text', of: ({ at }) => at.token.text }
    case 'id': return { type: 'number', unit: 'plain', of: ({ at }) => at.token.id }
    case 'position': return { type: 'number', unit: 'plain', of: ({ at }) => at.position }
    case 'generated': return { type: 'truth', of: ({ at }) => at.token.generated }
    case 'completion': return { type: 'text', of: ({ at }) => completionOf(at) }
    case 'true': return { type: 'truth', of: () => true }
    case 'false': return { type: 'truth', of: () => false }
    case 'next': {
      if (!mayLook) refuseLook(source, range, name)
      return { type: 'list', of: ({ look }) => known(look?.next ?? null, (next) => ({ kind: 'candidates', layer: null, ...next })) }
    }
    default: return refuseName(source, range, name)
  }
}

function completionOf({ tokens, position }: Facts): string {
  let text = ''
  for (let index = 0; index <= position; index++) if (tokens[index]!.generated) text += tokens[index]!.text
  return text
}

/** Features that `top(14)` lists. */
const TOP = 10

function callTerm({ name, numbers, range }: Tree & { kind: 'call' }, setting: Setting): Term {
  const { source, bounds } = setting
  const [first = 0, second] = numbers
  const refuseForm = (form: string): never => refuse(source, range, `has ${name} with ${numbers.length === 0 ? 'nothing' : quote(numbers.join(', '), 20)} in its parentheses`, `write ${form}`)
  switch (name) {
    case 'top': {
      if (numbers.length < 1 || numbers.length > 2 || first < 0 || (second !== undefined && second < 1)) refuseForm('top(14) or top(14, 5)')
      checkSaeLayer(source, range, first, bounds)
      return { type: 'list', of: ({ at }) => ({ kind: 'features', layer: first, features: at.features(first).slice(0, second ?? TOP) }) }
    }
    case 'norm': {
      if (numbers.length !== 1 || first < 0) refuseForm('norm(14)')
      checkSaeLayer(source, range, first, bounds)
      return { type: 'number', unit: 'plain', of: ({ at }) => at.residualNorm(first) }
    }
    case 'lens': {
      if (numbers.length !== 1 || first < 0) refuseForm('lens(14)')
      if (!setting.mayLook) refuseLook(source, range, `lens(${first})`)
      checkLayer(source, range, first, bounds)
      return { type: 'list', of: ({ look }) => known(look?.lens.find(({ layer }) => layer === first) ?? null, ({ candidates, entropy }) => ({ kind: 'candidates', layer: first, candidates, entropy })) }
    }
    case 'token': {
      if (numbers.length !== 1) refuseForm('token(12) or token(-1)')
      return { type: 'token', of: (sight) => tokenAt(sight, first) }
    }
    default: {
      if (NAMES.values.includes(name)) refuse(source, range, `puts parentheses behind ${name}`, `write ${name} alone`)
      return refuseName(source, range, name)
    }
  }
}

/** A negative number counts back from this token. */
function tokenAt({ at, isAheadKnown }: Sight, number: number): DebugToken | null {
  const position = number < 0 ? at.position + number : number
  return position <= at.position || isAheadKnown ? (at.tokens[position] ?? null) : null
}

function memberTerm({ of, name, nameRange }: Tree & { kind: 'member' }, setting: Setting): Term {
  const term = compile(of, setting)
  if (term.type !== 'token') return refuse(setting.source, nameRange, `asks for ${name} of ${describe(term)}`, 'ask a token, for example token(-1).text')
  switch (name) {
    case 'text': return { type: 'text', of: (sight) => known(term.of(sight), (token) => token.text) }
    case 'id': return { type: 'number', unit: 'plain', of: (sight) => known(term.of(sight), (token) => token.id) }
    case 'position': return { type: 'number', unit: 'plain', of: (sight) => known(term.of(sight), (token) => token.index) }
    case 'generated': return { type: 'truth', of: (sight) => known(term.of(sight), (token) => token.generated) }
    default: return refuse(setting.source, nameRange, `asks for ${name} of another token`, `write ${nearestKey(name, MEMBERS) ?? `one of ${MEMBERS.join(', ')}`}`)
  }
}

function arithmeticTerm(tree: Tree & { kind: 'arithmetic' }, setting: Setting): Term {
  const left = numberOf(tree.left, setting, 'computes with')
  const right = numberOf(tree.right, setting, 'computes with')
  return {
    type: 'number',
    unit: 'plain',
    of: (sight) => {
      const number = known(left(sight), (a) => known(right(sight), (b) => ARITHMETIC[tree.sign](a, b)))
      // What is divided by 0, or past all numbers, is known by nobody.
      return number !== null && Number.isFinite(number) ? number : null
    },
  }
}

const ARITHMETIC: Readonly<Record<(Tree & { kind: 'arithmetic' })['sign'], (a: number, b: number) => number>> = {
  '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b, '%': (a, b) => a % b,
}

function comparisonTerm(tree: Tree & { kind: 'compare' }, setting: Setting): Term {
  const left = compile(tree.left, setting)
  const right = compile(tree.right, setting)
  const isEquality = tree.sign === '==' || tree.sign === '!='
  for (const [term, { range }] of [[left, tree.left], [right, tree.right]] as const) {
    if (term.type === 'list' || term.type === 'token') refuse(setting.source, range, `compares ${describe(term)}`, USES[term.type])
    if (!isEquality && term.type !== 'number') refuse(setting.source, range, `orders ${describe(term)} by ${tree.sign}`, term.type === 'text' ? 'write ==, != or matches' : 'write == or !=')
  }
  if (left.type !== right.type) refuse(setting.source, tree.range, `compares ${describe(left)} with ${describe(right)}`, 'compare values of one kind')
  const holds = COMPARISONS[tree.sign]
  return { type: 'truth', of: (sight) => known(left.of(sight), (a) => known(right.of(sight), (b) => holds(a, b))) }
}

const COMPARISONS: Readonly<Record<Comparison, (a: unknown, b: unknown) => boolean>> = {
  '<': (a, b) => (a as number) < (b as number), '<=': (a, b) => (a as number) <= (b as number), '>': (a, b) => (a as number) > (b as number), '>=': (a, b) => (a as number) >= (b as number),
  '==': (a, b) => a === b, '!=': (a, b) => a !== b,
}

function membershipTerm({ left, right }: Tree & { kind: 'in' }, setting: Setting): Term {
  const { source } = setting
  if (left.kind !== 'feature') return refuse(source, left.range, 'looks for what is no feature in a list', 'write a feature, for example L14/6159 in top(14, 5)')
  if (right.kind !== 'call' || right.name !== 'top') return refuse(source, right.range, 'looks for a feature in what is no list of them', `write top(${left.feature.layer}, 5)`)
  for (const side of [left, right]) compile(side, setting)
  const [layer, count = TOP] = right.numbers
  const { feature } = left
  if (feature.layer !== layer) return refuse(source, right.range, `looks for a feature of layer ${feature.layer} among those of layer ${layer}`, `write top(${feature.layer}, 5)`)
  return { type: 'truth', of: ({ at }) => at.features(layer).slice(0, count).some((each) => each.feature === feature.feature) }
}

/** Of an unknown and a known side, the known one decides where it can (Kleene's logic). */
function logicTerm({ kind, left, right }: Tree & { kind: 'and' | 'or' }, setting: Setting): Term {
  const first = truthOf(left, setting)
  const second = truthOf(right, setting)
  const deciding = kind === 'or'
  return {
    type: 'truth',
    of: (sight) => {
      const a = first(sight)
      if (a === deciding) return a
      const b = second(sight)
      return b === deciding || a !== null ? b : null
    },
  }
}

function numberOf(tree: Tree, setting: Setting, verb: string): (sight: Sight) => number | null {
  const term = compile(tree, setting)
  return term.type === 'number' ? term.of : refuse(setting.source, tree.range, `${verb} ${describe(term)}`, 'write a number such as prob or L14/6159')
}

function describe(term: Term): string {
  return { number: 'a number', text: 'a text', truth: 'a yes or no', token: 'a token', list: 'a list' }[term.type]
}

const NAMES = {
  values: WORDS.filter(({ kind }) => kind === 'value').map(({ word }) => word),
  all: WORDS.map(({ word }) => word),
}

function refuseLook(source: Source, range: TextRange, written: string): never {
  refuse(source, range, `uses ${written}, which looks into the model at every token,`, 'use it in Watch or the debug console')
}

function refuseName(source: Source, range: TextRange, name: string): never {
  const layer = /^l(\d+)$/i.exec(name)?.[1]
  if (layer !== undefined) refuse(source, range, `has ${quote(name, 20)} without a feature`, `write a feature such as ${renderFeature({ layer: Number(layer.slice(0, 9)), feature: 6159 })}`)
  const form = WORDS.find(({ word, kind }) => word === name && kind === 'function')?.form
  if (form) refuse(source, range, `has ${name} without parentheses`, `write ${form}`)
  const nearest = nearestKey(name, NAMES.all)
  refuse(source, range, `has the unknown name ${quote(name, 20)}`, nearest ? `write ${nearest}` : `write one of ${NAMES.all.slice(0, 11).join(', ')}`)
}
