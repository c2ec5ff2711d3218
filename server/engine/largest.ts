// Ranks numbers: the largest of many.

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
