// Refuses residuals that are not numbers: what comes of them looks like an answer and is none.
import { NonFiniteError } from '../protocol/errors'

const REMEDY = 'take back an edit that is too strong; without edits the weights are damaged: download or copy them again'

/** Throws NonFiniteError when one of the rows of `x` (T, d_model), which leave `layer` at positions from `first` on, holds something else than numbers. */
export function refuseNonFinite(x: Float32Array, count: number, first: number, layer: number): void {
  const row = nonFiniteRow(x, count)
  if (row !== null) throw nonFiniteAt(first + row, layer)
}

/** The error of a chunk in which nothing tells where it began: such values spread over the layers above and the other positions of the chunk. */
export function nonFiniteAmong(first: number, count: number): NonFiniteError {
  return new NonFiniteError(`model computes values that are not numbers at one of the tokens ${first} to ${first + count - 1}`, REMEDY, first, null)
}

function nonFiniteAt(position: number, layer: number): NonFiniteError {
  return new NonFiniteError(`model computes values that are not numbers at token ${position}, in layer ${layer}`, REMEDY, position, layer)
}

/** The first row of `x` (count, d_model) that holds something else than numbers. */
function nonFiniteRow(x: Float32Array, count: number): number | null {
  const width = x.length / count
  for (let row = 0; row < count; row++) {
    // Zero times anything else than a number is not a number.
    let sum = 0
    for (let i = row * width; i < (row + 1) * width; i++) sum += x[i]! * 0
    if (sum !== 0) return row
  }
  return null
}
