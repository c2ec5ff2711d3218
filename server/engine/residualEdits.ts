// Adds what edits come to onto residuals, row by row.
import { addDirections, type EditEffect } from './applyEdits'
import { tokenScale, type TokenScale } from './encoding/inputScale'
import type { SaeSessions } from './encoding/saeSessions'
import type { Sequence } from './sequence/sequence'

/** What leaves a kept layer at positions first … end − 1, edits added: (end − first, d_model). */
export async function departingResidual(saes: SaeSessions | null, { residuals, records }: Sequence, layer: number, first: number, end: number): Promise<Float32Array> {
  const x = residuals.read(layer, first, end)
  const effects = records.slice(first, end).map(({ edited }) => ({ coefficients: edited.get(layer) ?? new Map<number, number>(), fired: [] }))
  if (saes) await applyEffects(saes, layer, x, effects)
  return x
}

/** Adds each row's effect to `x`; returns the rows that changed, and copies of them (n, d_model). */
export async function applyEffects(saes: SaeSessions, layer: number, x: Float32Array, effects: readonly EditEffect[]): Promise<{ readonly rows: readonly number[]; readonly x: Float32Array }> {
  const dModel = x.length / effects.length
  const rows = [...effects.keys()].filter((row) => effects[row]!.coefficients.size > 0)
  const directions = new Map<number, Float32Array>()
  for (const row of rows) {
    for (const feature of effects[row]!.coefficients.keys()) {
      if (!directions.has(feature)) directions.set(feature, await saes.direction(layer, feature))
    }
  }
  const changed = new Float32Array(rows.length * dModel)
  rows.forEach((row, i) => {
    const values = x.subarray(row * dModel, (row + 1) * dModel)
    addDirections(values, effects[row]!.coefficients, scaleAt(saes, layer, values).factor, directions)
    changed.set(values, i * dModel)
  })
  return { rows, x: changed }
}

/** How the SAE of a layer scales a residual (d_model). */
export function scaleAt(saes: SaeSessions, layer: number, x: Float32Array): TokenScale {
  return tokenScale(saes.set.layers.get(layer)!.input.scale, x)
}
