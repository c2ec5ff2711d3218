// Refuses residuals that are not numbers: what comes of them looks like an answer and is none.
import { InputError } from '../protocol/errors'
import type { PositionRecord } from './sequence/positionRecord'
import type { ReadingQueue } from './encoding/readingQueue'
import type { ResidualStore } from './sequence/residualStore'

const REMEDY = 'take back an edit that is too strong; without edits the weights are damaged: download or copy them again'

/**
 * Throws InputError when the highest layer that is kept holds such values at positions from `first` on. They spread over all numbers of a residual
 * and over the other positions of the chunk, so one number tells, and the lowest layer that was read tells where.
 */
export async function refuseNonFinite(residuals: ResidualStore, findings: readonly Pick<PositionRecord, 'readings'>[], first: number, queue: ReadingQueue): Promise<void> {
  const x = residuals.read(residuals.layers.at(-1)!, first, first + findings.length)
  const dModel = x.length / findings.length
  if (findings.every((_, row) => Number.isFinite(x[row * dModel]!))) return
  await queue.flush()
  const places = findings.flatMap(({ readings }, row) => Array.from(readings, ([layer, { norm }]) => ({ layer, row, norm }))).filter(({ norm }) => !Number.isFinite(norm))
  const [origin] = places.sort((a, b) => a.layer - b.layer || a.row - b.row)
  if (origin) throw nonFiniteAt(first + origin.row, origin.layer)
  throw new InputError(`model computes values that are not numbers at one of the tokens ${first} to ${first + findings.length - 1}`, REMEDY)
}

/** Throws InputError when the edits of a layer made the residual (d_model) of a position into something else than numbers. */
export function refuseNonFiniteEdit(x: Float32Array, position: number, layer: number): void {
  if (!x.every(Number.isFinite)) throw nonFiniteAt(position, layer)
}

function nonFiniteAt(position: number, layer: number): InputError {
  return new InputError(`model computes values that are not numbers at token ${position}, in layer ${layer} or before`, REMEDY)
}
