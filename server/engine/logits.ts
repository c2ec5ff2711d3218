// From a row of logits to probabilities: log-softmax and the likeliest tokens.
import type { Candidate } from './engine'

/** log Σ exp(logit): subtract it from a logit to get the natural-log probability. */
export function logSumExp(logits: Float32Array): number {
  let max = -Infinity
  for (let i = 0; i < logits.length; i++) if (logits[i]! > max) max = logits[i]!
  let sum = 0
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max)
  return max + Math.log(sum)
}

/** The `count` likeliest tokens, likeliest first; equal logits in order of id. */
export function likeliest(logits: Float32Array, count: number, logNormaliser: number): Candidate[] {
  return largest(logits, count).map((id) => ({ id, logprob: logits[id]! - logNormaliser }))
}

/** Up to here inserting is faster than sorting everything. */
const INSERTION_LIMIT = 200

/** Indices of the `count` largest values, largest first; of equal values the lower index first. */
export function largest(values: Float32Array, count: number): number[] {
  if (count > INSERTION_LIMIT) return Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b).slice(0, count)
  // Kept sorted by insertion: nearly every value fails the first comparison.
  const indices: number[] = []
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (indices.length === count && !(value > values[indices[count - 1]!]!)) continue
    if (count === 0) break
    let at = Math.min(indices.length, count - 1)
    while (at > 0 && values[indices[at - 1]!]! < value) {
      indices[at] = indices[at - 1]!
      at--
    }
    indices[at] = i
  }
  return indices
}
