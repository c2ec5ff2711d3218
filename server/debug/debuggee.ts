// The debugged generation: branches that can be run, stopped, gone back in and forked. Knows nothing of the debug adapter protocol.
import type { Inspection, InspectRequest } from '../engine/engine'
import type { Branch, Change, Motion, Stop } from './branch'
import type { Facts, Needs } from './facts'
import type { DebuggedProgram } from './program'
import type { StopRule } from './stopRule'

export interface DebuggeeEvents {
  /** Tokens that a branch has gone over for the first time, prompt tokens too, in order; before the move that did so resolves. */
  onTokens(branch: Branch, first: number, end: number): void
  /** Text of a log point. */
  onLog(branch: Branch, position: number, text: string): void
  /** A branch is new. */
  onFork(branch: Branch): void
}

/**
 * Same seed, same edits, same tokens: whatever way a branch has been gone, its tokens are those of an uninterrupted run. Calls about different
 * branches may overlap; of one branch only one move or change at a time.
 */
export interface Debuggee {
  readonly program: DebuggedProgram
  /** In order of their ids, which begin at 1. */
  branches(): readonly Branch[]
  /** Throws InputError when there is none. */
  branch(id: number): Branch
  /** Replaces all rules; counts begin anew only for rules that are new. */
  setRules(rules: readonly StopRule[]): void
  /**
   * Reads the prompt and stands on its first token. To be called once. With `toFirstStop` it goes on from before the first token, which may itself
   * be stopped at. Paused while the prompt is read it stands on the first token once that is done; only `close` ends the reading.
   */
  start(toFirstStop: boolean, signal: AbortSignal): Promise<Stop>
  /** Resolves where the branch stands then; an aborted signal is a pause: it stands at the last token it has gone over. */
  move(branchId: number, motion: Motion, signal: AbortSignal): Promise<Stop>
  /** Answers with the branch that has the change: the same one, or a new one that stands where this one stood. Throws InputError, CancelledError. */
  change(branchId: number, change: Change, signal: AbortSignal): Promise<Branch>
  rename(branchId: number, name: string): Branch
  /** What is known at a token that the branch has. Reads what is needed and not known yet. */
  facts(branchId: number, position: number, needs: Needs, signal: AbortSignal): Promise<Facts>
  /** Looks into one token, with the branch's tokens and edits filled in. */
  inspect(branchId: number, position: number, wanted: InspectWanted, signal: AbortSignal): Promise<Inspection>
  /** Ends all that is under way, and the records. */
  close(ended: 'cancelled' | { readonly message: string; readonly remedy: string }): Promise<void>
}

/** What is asked about one token. */
export type InspectWanted = Omit<InspectRequest, 'tokenIds' | 'promptLength' | 'edits'>
