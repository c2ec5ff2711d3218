// What all parts of the debuggee share: the program, whom to tell, where branches end, and the rules as they are now.
import type { DebuggeeEvents } from '../debuggee'
import type { DebuggedProgram } from '../program'
import type { StopRule } from '../stopRule'
import { describeBranch, type BranchState, type Limits } from './branchState'
import type { BranchReader } from './branchReader'

export interface Workings {
  readonly program: DebuggedProgram
  readonly events: DebuggeeEvents
  readonly limits: Limits
  readonly rules: RuleSet
  readonly reader: BranchReader
}

export interface RuleSet {
  /** Another list whenever it was replaced. */
  current(): readonly StopRule[]
  /** Aborts when `current` is replaced. */
  replaced(): AbortSignal
  replace(rules: readonly StopRule[]): void
}

export function createRuleSet(): RuleSet {
  let rules: readonly StopRule[] = []
  let replacing = new AbortController()
  return {
    current: () => rules,
    replaced: () => replacing.signal,
    replace(next) {
      rules = [...next]
      replacing.abort()
      replacing = new AbortController()
    },
  }
}

/** Stands on the token at `position` after having gone over it. */
export function arrive(state: BranchState, position: number): void {
  state.place = { position, layer: null }
  state.goneOver = Math.max(state.goneOver, position + 1)
}

/** Tells of tokens that have been gone over and not been told of. */
export function tell({ events, limits }: Workings, state: BranchState): void {
  const first = state.told
  if (first === state.goneOver) return
  state.told = state.goneOver
  events.onTokens(describeBranch(state, limits), first, state.goneOver)
}
