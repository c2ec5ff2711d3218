// Turns candidates with upper bounds into the exact top-k of a token, computing no more exact values than it takes to be certain.
import type { TopK } from './layerEncoder'

/** Of one token, highest upper bound first. */
export interface Candidates {
  readonly features: Int32Array
  readonly upper: Float32Array
  readonly estimate: Float32Array
}

export interface Rescored {
  readonly top: TopK
  /** False when a feature that is not among the candidates, or whose bound was too tight, may belong to the top. */
  readonly isCertain: boolean
  /** Largest difference found between an exact value and its estimate, over what the bound allows. */
  readonly error: number
}

/** The bounds are trusted while the errors that were found use no more of them than this. */
const TRUSTED_ERROR = 0.5

/**
 * The `k` greatest exact values above 0, equal ones by feature. `isComplete` says that every feature is a candidate. A feature's exact value is asked
 * for once, in the order of the bounds, until the next bound lies below the k-th value so far.
 */
export function rescore({ features, upper, estimate }: Candidates, k: number, isComplete: boolean, exact: (feature: number) => number): Rescored {
  const found: { readonly feature: number; readonly value: number }[] = []
  let error = 0
  let isClosed = isComplete
  for (let i = 0; i < features.length; i++) {
    const weakest = found.length === k ? found[k - 1]!.value : 0
    // No more than 0 is not active; one that equals the weakest may still go before it.
    if (upper[i]! <= 0 || upper[i]! < weakest) {
      isClosed = true
      break
    }
    const feature = features[i]!
    const value = exact(feature)
    error = Math.max(error, Math.abs(value - estimate[i]!) / (upper[i]! - estimate[i]! || Number.MIN_VALUE))
    if (value > 0) insert(found, { feature, value }, k)
  }
  const top = { features: Int32Array.from(found, ({ feature }) => feature), activations: Float32Array.from(found, ({ value }) => value) }
  return { top, isCertain: isClosed && error <= TRUSTED_ERROR, error }
}

/** Keeps `found` sorted, highest first, and at most `k` long. */
function insert(found: { readonly feature: number; readonly value: number }[], entry: { readonly feature: number; readonly value: number }, k: number): void {
  let at = found.length
  while (at > 0 && (found[at - 1]!.value < entry.value || (found[at - 1]!.value === entry.value && found[at - 1]!.feature > entry.feature))) at--
  if (at === k) return
  found.splice(at, 0, entry)
  if (found.length > k) found.pop()
}
