// A computed sequence: its tokens, what was found at each, and all that is needed to go on from any of them.
import type { ArrayPool } from './arrayPool'
import type { PositionRecord } from './positionRecord'
import { recordBytes } from './positionRecord'
import { ResidualStore } from './residualStore'
import type { Reuse } from './reuse'
import type { SequenceState } from './sequenceState'

/**
 * Positions 0 … positions − 1 are computed through all layers. Further records are tokens that stood there in an earlier run: they may turn out
 * to stand there again, and at the layers whose residual is kept for them they need not be computed again.
 */
export interface Sequence {
  readonly records: PositionRecord[]
  positions: number
  readonly state: SequenceState
  readonly residuals: ResidualStore
  /** Of edits with which all that is there holds (`EditPlan.key`); null when none is known. */
  editsKey: string | null
  /** The sequence that this one was copied from, and the positions at its start whose numbers are the same in both; null when it is not remembered. */
  origin: { readonly sequence: Sequence; readonly rows: number } | null
  /** Whether those numbers are in `origin` only. */
  isFolded: boolean
  /** Whether something was computed since it was made or copied. */
  hasGrown: boolean
}

export function emptySequence(state: SequenceState, dModel: number, pool: ArrayPool): Sequence {
  return { records: [], positions: 0, state, residuals: new ResidualStore(dModel, pool), editsKey: null, origin: null, isFolded: false, hasGrown: false }
}

/** What of `source` holds for a request, as a sequence of its own. */
export function copyHolding(source: Sequence, { tokens, positions, holdsAt }: Reuse): Sequence {
  const residuals = source.residuals.copyPrefix((layer) => (source.state.hasStates ? positions : holdsAt(layer)))
  const records = source.records.slice(0, tokens).map((record, position) => (position < positions ? record : partial(record, position, holdsAt)))
  // The token at `positions` was predicted from what holds; later ones were not.
  for (let position = positions + 1; position < records.length; position++) records[position]!.prediction = null
  const state = source.state.copyPrefix(positions, (layer) => Math.max(positions, residuals.computedAt(layer)))
  return { records, positions, state, residuals, editsKey: null, origin: { sequence: source, rows: positions }, isFolded: false, hasGrown: false }
}

/** Forgets the token at `position` and all after it, which were not computed through all layers. */
export function cutTokens(sequence: Sequence, position: number): void {
  sequence.records.length = position
  sequence.residuals.cut(position)
}

/** Gives its arrays back; it must not be used any more. */
export function releaseSequence({ state, residuals }: Sequence): void {
  state.kv.release()
  residuals.release()
}

/** Of long sequences roughly: records are counted here and there. */
export function sequenceBytes({ records, state, residuals, isFolded, origin }: Sequence): number {
  // Records of the positions that it shares are the origin's own.
  const first = isFolded && origin ? origin.rows : 0
  const stride = Math.ceil((records.length - first) / MOST_COUNTED)
  let bytes = state.bytes + residuals.bytes
  for (let position = first; position < records.length; position += stride) bytes += stride * recordBytes(records[position]!)
  return bytes
}

/** To count what thousands of records hold takes longer than a token of a small model. */
const MOST_COUNTED = 64

/** The record without what was found in layers that must be computed again. */
function partial(record: PositionRecord, position: number, holdsAt: Reuse['holdsAt']): PositionRecord {
  return {
    ...record,
    readings: new Map([...record.readings].filter(([layer]) => position < holdsAt(layer)).map(([layer, reading]) => [layer, position < holdsAt(layer + 1) ? reading : { ...reading, after: null }])),
    edited: new Map([...record.edited].filter(([layer]) => position < holdsAt(layer + 1))),
  }
}
