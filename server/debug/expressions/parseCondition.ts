// Conditions of breakpoints: an expression that is yes or no at a token.
import type { Facts, Needs } from '../facts'
import type { Bounds } from './bounds'
import { truthOf } from './compile'
import { needsOf } from './needs'
import { parseTree } from './parseTree'
import { checkLength, type Source } from './source'

export interface Condition {
  readonly needs: Needs
  /** Only where it is known to hold: not where it compares a number that nobody knows, whatever way it is turned. */
  readonly holds: (at: Facts) => boolean
}

/** `act(L14/6159) > 8 and text matches /^ [A-Z]/`; null bounds are those of a model that is not loaded yet. Throws InputError. */
export function parseCondition(text: string, bounds: Bounds | null): Condition {
  return conditionOf({ what: 'condition', text }, bounds)
}

/** The same, for a condition that is called something else. */
export function conditionOf(source: Source, bounds: Bounds | null): Condition {
  checkLength(source, 'L14/6159 > 8')
  const { tree } = parseTree(source)
  const truth = truthOf(tree, { source, bounds, mayLook: false })
  return { needs: needsOf(tree), holds: (at) => truth({ at, look: null, isAheadKnown: false }) === true }
}
