// An expression as a tree: what was written, before anything is known about what its names mean.
import type { FeatureId, TextRange } from '../../protocol/values'

export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!='
export type Arithmetic = '+' | '-' | '*' | '/' | '%'

/** Every node has its place in the source. `act(L14/6159)` is the same as `L14/6159`. */
export type Tree = { readonly range: TextRange } & (
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'text'; readonly value: string }
    | { readonly kind: 'feature'; readonly feature: FeatureId }
    | { readonly kind: 'name'; readonly name: string }
    /** `top(14, 5)`, `token(-1)`: whole numbers only, so that what must be read is known before anything runs. */
    | { readonly kind: 'call'; readonly name: string; readonly numbers: readonly number[] }
    | { readonly kind: 'member'; readonly of: Tree; readonly name: string; readonly nameRange: TextRange }
    | { readonly kind: 'minus'; readonly of: Tree }
    | { readonly kind: 'not'; readonly of: Tree }
    | { readonly kind: 'arithmetic'; readonly sign: Arithmetic; readonly left: Tree; readonly right: Tree }
    | { readonly kind: 'compare'; readonly sign: Comparison; readonly left: Tree; readonly right: Tree }
    | { readonly kind: 'matches'; readonly left: Tree; readonly pattern: string; readonly flags: string; readonly patternRange: TextRange }
    | { readonly kind: 'in'; readonly left: Tree; readonly right: Tree }
    | { readonly kind: 'and' | 'or'; readonly left: Tree; readonly right: Tree }
  )
