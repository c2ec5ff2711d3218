// The sequences computed last, from which new requests take what holds for them.
import { reusable, type Reuse, type ReuseRequest } from './reuse'
import type { EditPlan } from '../editPlan'
import type { ArrayPool } from './arrayPool'
import { fold, unfold } from './folding'
import { copyHolding, emptySequence, releaseSequence, sequenceBytes, type Sequence } from './sequence'
import type { SequenceState } from './sequenceState'

/** What it takes to copy a row of a layer, in terms of computing it: a sequence that can go on in place is worth more than one that must be copied. */
const COPYING = 1 / 64

export interface Found {
  readonly sequence: Sequence
  readonly reuse: Reuse
}

export interface PrefixCache {
  /** The sequence of which most holds for the request, as it lies here, and what holds; it must not be changed. */
  find(request: ReuseRequest): Found | null
  /** A sequence that begins with as much as holds for the request; it may be empty. */
  resume(request: ReuseRequest): Sequence
  /** An empty sequence. */
  fresh(): Sequence
  /** Remembers a sequence, as far as it was computed, and forgets the least recently used ones beyond the limit. */
  keep(sequence: Sequence): void
  readonly bytes: number
}

export function createPrefixCache(newState: () => SequenceState, dModel: number, pool: ArrayPool, limitBytes: number): PrefixCache {
  // Most recently used last.
  let sequences: Sequence[] = []
  /** Of each as it was kept last. */
  const sizes = new WeakMap<Sequence, number>()
  const totalBytes = (): number => sequences.reduce((sum, sequence) => sum + sizes.get(sequence)!, 0)

  const measure = (sequence: Sequence): void => void sizes.set(sequence, sequenceBytes(sequence))
  const isOver = (): boolean => totalBytes() > limitBytes

  const fresh = (): Sequence => emptySequence(newState(), dModel, pool)
  const under = (sequence: Sequence, { key }: EditPlan): Sequence => Object.assign(sequence, { editsKey: key })

  const find = (request: ReuseRequest): Found | null => {
    let best: (Found & { readonly saved: number }) | null = null
    for (const sequence of sequences) {
      const reuse = resumable(sequence, reusable(sequence, request))
      const rows = savedRows(sequence, reuse)
      const saved = reuse.done || holdsWhole(sequence, reuse) ? rows : rows * (1 - COPYING)
      if (!best || saved > best.saved || (saved === best.saved && reuse.done)) best = { sequence, reuse, saved }
    }
    if (!best || (best.saved === 0 && !best.reuse.done)) return null
    unfold(best.sequence).forEach(measure)
    return best
  }

  const forget = (sequence: Sequence): void => {
    sequences = sequences.filter((other) => other !== sequence)
    // What it shared with its own origin they share with that.
    const { origin } = sequence
    for (const other of sequences) if (other.origin?.sequence === sequence) other.origin = origin && { sequence: origin.sequence, rows: Math.min(other.origin.rows, origin.rows) }
    releaseSequence(sequence)
  }

  /** Those that nobody works on share what they can, then the least recently used ones that no other needs are forgotten. */
  const makeRoom = (): void => {
    for (const sequence of sequences.slice(0, -1)) if (isOver() && fold(sequence)) measure(sequence)
    const isNeeded = (sequence: Sequence): boolean => sequences.some(({ isFolded, origin }) => isFolded && origin?.sequence === sequence)
    while (sequences.length > 0 && isOver()) forget(sequences.find((sequence) => !isNeeded(sequence))!)
  }

  return {
    fresh,
    find,
    resume(request) {
      const best = find(request)
      if (!best) return under(fresh(), request.edits)
      const { sequence, reuse } = best
      // Nothing of it would get lost, so it may be changed in place.
      if (reuse.done || holdsWhole(sequence, reuse)) {
        sequences = sequences.filter((other) => other !== sequence)
        if (reuse.done) sequences.push(sequence)
        // Of a part only it is known that these edits would leave it as it is.
        return holdsWhole(sequence, reuse) ? under(sequence, request.edits) : sequence
      }
      // To give a few tokens that many texts begin with is not to be of use.
      if (reuse.positions >= sequence.positions / 2) sequences = [...sequences.filter((other) => other !== sequence), sequence]
      return under(copyHolding(sequence, reuse), request.edits)
    },
    keep(sequence) {
      const isKnown = sequences.includes(sequence)
      sequences = sequences.filter((other) => other !== sequence)
      if (isKnown || sequence.hasGrown) {
        sequences.push(sequence)
        measure(sequence)
      } else releaseSequence(sequence)
      makeRoom()
    },
    get bytes() {
      return totalBytes()
    },
  }
}

/** What holds, cut to where the sequence's state can be taken over. */
function resumable({ state }: Sequence, reuse: Reuse): Reuse {
  if (reuse.done || !state.hasStates) return reuse
  return { ...reuse, positions: state.resumableAt(reuse.positions) }
}

function holdsWhole({ records, positions, residuals }: Sequence, reuse: Reuse): boolean {
  return reuse.tokens === records.length && reuse.positions === positions && residuals.layers.every((layer) => reuse.holdsAt(layer) >= residuals.rows(layer))
}

/** Rows of layers that need not be computed, over all layers up to the highest that is kept. */
function savedRows({ residuals, state }: Sequence, { positions, holdsAt }: Reuse): number {
  let saved = 0
  let below = -1
  for (const layer of residuals.layers) {
    saved += (layer - below) * (state.hasStates ? positions : Math.max(positions, Math.min(holdsAt(layer), residuals.rows(layer))))
    below = layer
  }
  return saved
}
