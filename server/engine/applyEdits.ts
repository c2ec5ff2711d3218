// The arithmetic of edits on one token: how far each moves its feature, and the residual that results.
import type { ActiveEdit } from './editPlan'
import type { TopK } from './encoding/layerEncoder'

/** By feature, the factor of its direction that the edits of a layer add to the residual; features that do not move are absent. */
export type Coefficients = ReadonlyMap<number, number>

const NO_COEFFICIENTS: Coefficients = new Map()

export interface EditEffect {
  readonly coefficients: Coefficients
  /** Request indices of the edits that change the residual. */
  readonly fired: readonly number[]
}

const NO_EFFECT: EditEffect = { coefficients: NO_COEFFICIENTS, fired: [] }

/** Effect of edits given the features that they read: all edits of a layer read the same activations, and their differences add. */
export function editEffect(edits: readonly ActiveEdit[], top: TopK): EditEffect {
  if (edits.length === 0) return NO_EFFECT
  const coefficients = new Map<number, number>()
  const fired: number[] = []
  for (const { index, feature, operation } of edits) {
    const a = activationOf(top, feature)
    const change = operation.kind === 'set' ? operation.value - a : operation.kind === 'add' ? operation.value : (operation.value - 1) * a
    if (change === 0) continue
    fired.push(index)
    coefficients.set(feature, (coefficients.get(feature) ?? 0) + change)
  }
  for (const [feature, change] of coefficients) if (change === 0) coefficients.delete(feature)
  return fired.length ? { coefficients, fired } : NO_EFFECT
}

/** Top-k gated: 0 for a feature that is not among the k. */
export function activationOf(top: TopK, feature: number): number {
  const at = top.features.indexOf(feature)
  return at < 0 ? 0 : top.activations[at]!
}

export function sameCoefficients(a: Coefficients, b: Coefficients): boolean {
  if (a.size !== b.size) return false
  for (const [feature, change] of a) if (b.get(feature) !== change) return false
  return true
}

/** x ← x + Σ change · factor · direction, in place; features in ascending order, so that the order of the edits does not matter. */
export function addDirections(x: Float32Array, coefficients: Coefficients, factor: number, directions: ReadonlyMap<number, Float32Array>): void {
  for (const feature of [...coefficients.keys()].sort((a, b) => a - b)) {
    const change = Math.fround(coefficients.get(feature)! * factor)
    const direction = directions.get(feature)!
    for (let i = 0; i < x.length; i++) x[i] = x[i]! + Math.fround(change * direction[i]!)
  }
}
