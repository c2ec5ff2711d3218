// The sequences computed last, from which new requests take what holds for them.
import { recordBytes, type PositionRecord, type Prediction } from './positionRecord'
import { reusablePrefix, type Reuse, type ReuseRequest } from './reuse'
import type { SequenceState } from './sequenceState'

/** Computed positions and what is needed to go on after them. */
export interface Sequence {
  readonly records: PositionRecord[]
  readonly state: SequenceState
  /** Logits after the last record; null until something has been fed. */
  lastLogits: Float32Array | null
}

/** A sequence of the caller's own to extend. */
export interface Resumed {
  readonly sequence: Sequence
  /** How many positions at its start hold for the request; when `done`, the sequence may have more. */
  readonly positions: number
  /** True when the request needs nothing more. */
  readonly done: boolean
  /** The next token and its prediction where they are known already. */
  readonly next: { readonly token: number; readonly chosenBy: string | null; readonly prediction: Prediction | null } | null
}

export interface PrefixCache {
  /** A sequence that begins with the longest prefix that holds for the request; it may be empty. */
  resume(request: ReuseRequest): Resumed
  /** An empty sequence. */
  fresh(): Resumed
  /** Remembers a sequence, as far as it was computed, and forgets the least recently used ones beyond the limit. */
  keep(sequence: Sequence): void
  readonly bytes: number
}

export function createPrefixCache(newState: () => SequenceState, limitBytes: number): PrefixCache {
  // Most recently used last.
  let sequences: Sequence[] = []

  const findBest = (request: ReuseRequest) => {
    let best: { sequence: Sequence; reuse: Reuse } | null = null
    for (const sequence of sequences) {
      const reuse = resumable(sequence, reusablePrefix(sequence.records, request))
      if (!best || reuse.positions > best.reuse.positions || (reuse.positions === best.reuse.positions && reuse.next === 'done')) best = { sequence, reuse }
    }
    return best
  }

  const fresh = (): Resumed => ({ sequence: { records: [], state: newState(), lastLogits: null }, positions: 0, done: false, next: null })

  return {
    fresh,
    resume(request) {
      const best = findBest(request)
      if (!best || (best.reuse.positions === 0 && best.reuse.next !== 'done')) return fresh()
      const { sequence, reuse: { positions, next } } = best
      sequences = sequences.filter((other) => other !== sequence)
      if (next === 'done' || positions === sequence.records.length) {
        // The request extends this sequence, so it may be changed in place: nothing of it gets lost.
        if (next === 'done') sequences.push(sequence)
        return { sequence, positions, done: next === 'done', next: null }
      }
      sequences.push(sequence)
      const copy = { records: sequence.records.slice(0, positions), state: sequence.state.copyPrefix(positions), lastLogits: null }
      return { sequence: copy, positions, done: false, next: sequence.records[positions]! }
    },
    keep(sequence) {
      sequences = sequences.filter((other) => other !== sequence)
      // Without its last logits it is a copy that nothing was added to.
      if (sequence.lastLogits) sequences.push(sequence)
      while (sequences.length > 0 && totalBytes(sequences) > limitBytes) sequences.shift()
    },
    get bytes() {
      return totalBytes(sequences)
    },
  }
}

/** A prefix that holds, cut to where the sequence's state can be taken over. */
function resumable({ state }: Sequence, reuse: Reuse): Reuse {
  const positions = reuse.next === 'done' ? reuse.positions : state.resumableAt(reuse.positions)
  return positions === reuse.positions ? reuse : { positions, next: 'known' }
}

function totalBytes(sequences: readonly Sequence[]): number {
  let bytes = 0
  for (const { records, state, lastLogits } of sequences) {
    bytes += state.bytes + (lastLogits?.byteLength ?? 0)
    for (const record of records) bytes += recordBytes(record)
  }
  return bytes
}
