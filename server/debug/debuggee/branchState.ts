// A branch while it is worked with: what Branch shows of it, and what only going on from it needs.
import type { LoadedModel } from '../../engine/engine'
import type { Edit, Sampling } from '../../protocol/values'
import type { Branch, Place } from '../branch'
import type { BranchRecord } from '../program'
import type { Readings } from './readings'
import type { Timeline } from './timeline'
import type { Verdicts } from './verdicts'

/** What a branch was done with from a place on. */
export interface Settings {
  readonly edits: readonly Edit[]
  /** Of each edit a number that stays the same when the edits before it are taken away or it is cut. */
  readonly editKeys: readonly number[]
  readonly sampling: Sampling
}

/** Settings that were made while the branch stood at `from`; in force until those of the next segment. */
export interface Segment extends Settings {
  readonly from: number
}

export interface BranchState {
  readonly id: number
  name: string
  readonly parent: Branch['parent']
  readonly timeline: Timeline
  place: Place
  /** In order of `from`, the first from 0; never empty. */
  segments: readonly Segment[]
  forced: readonly number[]
  generate: number
  /** So many tokens have been gone over. */
  goneOver: number
  /** Of those, so many were told of. */
  told: number
  readonly verdicts: Verdicts
  /** Of the tokens gone over last, by position. */
  readonly recent: Map<number, Readings>
  readonly record: BranchRecord
  /** The record was told something and not yet that the branch rests. */
  isRecordStirred: boolean
  /** Ends the move or change under way; null while it stands still. */
  work: AbortController | null
}

/** What tells where a branch ends. */
export interface Limits {
  readonly promptLength: number
  readonly contextLength: number
  readonly stopIds: ReadonlySet<number>
}

/** The settings in force for what comes after the last token. */
export function latest({ segments }: Pick<BranchState, 'segments'>): Segment {
  return segments.at(-1)!
}

/** The settings that were in force when the branch stood at `position`. */
export function settingsAt({ segments }: Pick<BranchState, 'segments'>, position: number): Segment {
  return segments.findLast(({ from }) => from <= position) ?? segments[0]!
}

/** Why no token follows the last one; null while one can. A token that is forced stands after any other. */
export function endOf({ timeline: { tokens }, forced, generate }: Pick<BranchState, 'timeline' | 'forced' | 'generate'>, limits: Limits): Branch['ended'] {
  if (tokens.length >= limits.contextLength) return 'length'
  if (forced.length > 0) return null
  const last = tokens.at(-1)
  if (last?.generated && limits.stopIds.has(last.id)) return 'stop'
  return tokens.length - limits.promptLength >= generate ? 'length' : null
}

/** The branch as it is now. */
export function describeBranch(state: BranchState, limits: Limits): Branch {
  const { edits, sampling } = latest(state)
  const { id, name, parent, place, forced, generate, record: { runId, uri } } = state
  return { id, name, parent, record: { runId, uri }, tokens: state.timeline.snapshot(), place, edits, sampling, forced, generate, ended: endOf(state, limits), isRunning: state.work !== null }
}

/** All tokens at which a run of this program ends. */
export function limitsOf(model: LoadedModel, promptLength: number, stopIds: readonly number[]): Limits {
  return { promptLength, contextLength: model.contextLength, stopIds: new Set([...model.stopIds, ...stopIds]) }
}
