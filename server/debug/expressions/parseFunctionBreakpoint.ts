// Names of function breakpoints: a feature, a comparison with one, or any condition.
import type { FeatureId } from '../../protocol/values'
import { joinedNeeds, NO_NEEDS } from '../facts'
import type { Bounds } from './bounds'
import { truthOf } from './compile'
import { needsOf, nodesOf } from './needs'
import { parseCondition, type Condition } from './parseCondition'
import { parseTree } from './parseTree'
import { checkLength, type Source } from './source'

/** A condition that leaves out what is compared. */
const COMPARES = /^\s*(?:[<>]|[=!]=)/

export interface FunctionBreakpoint extends Condition {
  /** Those that the name is about, in its order, each once; may be none. */
  readonly features: readonly FeatureId[]
}

/** `L14/6159` (it fires), `L14/6159 > 8`, `prob < 0.1 and generated`; with a condition, both must hold, and after a bare feature it may begin with the comparison: `> 8`. Throws InputError. */
export function parseFunctionBreakpoint(name: string, condition: string | null, bounds: Bounds | null): FunctionBreakpoint {
  const source: Source = { what: 'function breakpoint', text: name }
  checkLength(source, 'L14/6159')
  const { tree } = parseTree(source)
  const truth = truthOf(tree, { source, bounds, mayLook: false })
  const also = condition === null || condition.trim() === '' ? null : parseCondition(tree.kind === 'feature' && COMPARES.test(condition) ? `${name.trim()} ${condition.trim()}` : condition, bounds)
  return {
    features: featuresOf(nodesOf(tree).flatMap((node) => (node.kind === 'feature' ? [node.feature] : []))),
    needs: joinedNeeds([needsOf(tree), also?.needs ?? NO_NEEDS]),
    holds: (at) => truth({ at, look: null, isAheadKnown: false }) === true && (also === null || also.holds(at)),
  }
}

function featuresOf(named: readonly FeatureId[]): FeatureId[] {
  return named.filter(({ layer, feature }, index) => named.findIndex((other) => other.layer === layer && other.feature === feature) === index)
}
