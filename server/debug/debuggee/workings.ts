// What all parts of the debuggee share: the program, whom to tell, where branches end, and the rules; and how a token is gone over.
import type { DebuggeeEvents } from '../debuggee'
import type { DebuggedProgram } from '../program'
import { describeBranch, type BranchState, type Limits } from './branchState'
import type { BranchReader } from './branchReader'
import type { RuleSet } from './ruleSet'

export interface Workings {
  readonly program: DebuggedProgram
  readonly events: DebuggeeEvents
  readonly limits: Limits
  readonly rules: RuleSet
  readonly reader: BranchReader
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
