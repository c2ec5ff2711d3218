// Branches of one text that share its beginning: those that nobody works on leave it to the one that they were copied from.
import type { Sequence } from './sequence'

/** Fewer positions are not worth the copying. */
const LEAST_SHARED = 32

/** Lets go of the beginning that the sequence's origin holds as well; false when there is none worth it. What the origin has computed never changes, so `unfold` can copy it back. */
export function fold(sequence: Sequence): boolean {
  const { origin, state, residuals } = sequence
  if (!origin || sequence.isFolded || origin.rows < LEAST_SHARED || sequence.records.length < origin.rows) return false
  state.kv.fold(origin.rows, sequence.records.length)
  residuals.fold(origin.rows)
  sequence.isFolded = true
  return true
}

/** Makes the sequence whole again; those that it comes from, too. Returns the ones that changed. */
export function unfold(sequence: Sequence): readonly Sequence[] {
  const { origin, state, residuals } = sequence
  if (!sequence.isFolded || !origin) return []
  const changed = unfold(origin.sequence)
  state.kv.unfold(origin.sequence.state.kv)
  residuals.unfold(origin.sequence.residuals)
  sequence.isFolded = false
  return [...changed, sequence]
}
