// Expressions of Watch, hovers and the debug console: values of every kind, also those that take a look into the model.
import type { Inspection } from '../../engine/engine'
import type { Facts, Needs } from '../facts'
import type { Bounds } from './bounds'
import { compile, type Sight, type Term } from './compile'
import { inspectsOf, needsOf, nodesOf, PREDICTED, type Inspects } from './needs'
import { parseTree } from './parseTree'
import { checkLength, type Source } from './source'
import type { Tree } from './tree'
import type { Value } from './value'

export interface Expression {
  readonly needs: Needs
  readonly inspects: Inspects
  /** Has no side effects. `look` must have what `inspects` names; null where it names nothing. */
  evaluate(at: Facts, look: Inspection | null): Value
}

/** `top(14)`, `prob * 100`, `next`, `L14/6159`; null bounds are those of a model that is not loaded yet. Throws InputError. */
export function parseExpression(text: string, bounds: Bounds | null): Expression {
  const source: Source = { what: 'expression', text }
  checkLength(source, 'L14/6159 or prob')
  const { tree } = parseTree(source)
  const value = valueOf(tree, compile(tree, { source, bounds, mayLook: true }))
  return { needs: needsOf(tree), inspects: inspectsOf(tree), evaluate: (at, look) => value({ at, look, isAheadKnown: true }) }
}

/** The value at a token, where nobody knows it with the reason. */
export function valueOf(tree: Tree, term: Term): (sight: Sight) => Value {
  const value = knownValue(tree, term)
  return (sight) => value(sight) ?? { kind: 'unknown', why: whyUnknown(tree, sight) }
}

function knownValue(tree: Tree, term: Term): (sight: Sight) => Value | null {
  const wrap = <T>(of: (sight: Sight) => T | null, value: (known: T) => Value) => (sight: Sight): Value | null => {
    const known = of(sight)
    return known === null ? null : value(known)
  }
  switch (term.type) {
    case 'number': {
      if (tree.kind === 'feature') return wrap(term.of, (activation) => ({ kind: 'activation', feature: tree.feature, activation }))
      return wrap(term.of, (number) => ({ kind: 'number', number, unit: term.unit }))
    }
    case 'text': return wrap(term.of, (text) => ({ kind: 'text', text }))
    case 'truth': return wrap(term.of, (truth) => ({ kind: 'truth', truth }))
    case 'token': return wrap(term.of, (token) => ({ kind: 'token', token }))
    case 'list': return (sight) => term.of(sight) ?? { kind: 'unknown', why: 'the model has not been looked into here' }
  }
}

function whyUnknown(tree: Tree, { at, isAheadKnown }: Sight): string {
  const nodes = nodesOf(tree)
  if (at.token.prediction === null && nodes.some((node) => node.kind === 'name' && PREDICTED.includes(node.name))) {
    return at.position === 0 ? 'nothing stands before the first token that could predict it' : 'this token has not been predicted'
  }
  const absent = nodes.flatMap((node) => (node.kind === 'call' && node.name === 'token' ? node.numbers : [])).find((number) => {
    const position = number < 0 ? at.position + number : number
    return position < 0 || position >= (isAheadKnown ? at.tokens.length : at.position + 1)
  })
  if (absent !== undefined) return `there is no token(${absent}) ${isAheadKnown ? 'on this branch' : 'up to here'}`
  return 'it divides by 0 or goes beyond all numbers'
}
