// Feeds tokens through the model: reads features at the wanted layers, applies edits where they are due, and returns what came of each position.
import { CancelledError } from '../protocol/errors'
import { addDirections, editEffect, type Coefficients, type EditEffect } from './applyEdits'
import type { Decoder } from './decoder'
import type { EditPlan } from './editPlan'
import type { TokenScale } from './inputScale'
import type { LayerReading } from './positionRecord'
import type { SaeSessions, TopK } from './saeSessions'
import type { SequenceState } from './sequenceState'

export interface ForwardModel {
  readonly decoder: Decoder
  readonly saes: SaeSessions | null
}

/** Some positions in a row, none of which has been fed. */
export interface Chunk {
  readonly tokenIds: readonly number[]
  readonly first: number
}

export interface ForwardOptions {
  readonly edits: EditPlan
  /** Layers to encode; every edited layer must be among them. */
  readonly readLayers: readonly number[]
  /** Layers whose residuals are returned whole, after edits. */
  readonly captureLayers: readonly number[]
  /** Layers, among those that are read, whose reconstruction error is measured. */
  readonly reconstructionLayers: readonly number[]
  readonly signal: AbortSignal
}

export interface ForwardResult {
  /** (T, vocab) */
  readonly logits: Float32Array
  /** Per position of the chunk. */
  readonly readings: readonly ReadonlyMap<number, LayerReading>[]
  readonly edited: readonly ReadonlyMap<number, Coefficients>[]
  /** Per position, by layer. */
  readonly reconstructed: readonly ReadonlyMap<number, number>[]
  /** By captured layer, (T, d_model). */
  readonly captured: ReadonlyMap<number, Float32Array>
}

/**
 * Runs all layers over the chunk, which follows the state's positions, and leaves the state after it; a chunk that fails or is cancelled leaves the
 * state as it was. The layers run in one go up to each layer at which an edit applies; there the residual is edited here, in float32, and the rest
 * goes on from it.
 */
export async function forward(model: ForwardModel, state: SequenceState, chunk: Chunk, options: ForwardOptions): Promise<ForwardResult> {
  const { decoder, saes } = model
  const { layers, dModel } = decoder.config
  const { tokenIds, first } = chunk
  const count = tokenIds.length
  const readings = tokenIds.map(() => new Map<number, LayerReading>())
  const edited = tokenIds.map(() => new Map<number, Coefficients>())
  const reconstructed = tokenIds.map(() => new Map<number, number>())
  const captured = new Map<number, Float32Array>()
  const wanted = [...new Set([...options.readLayers, ...options.captureLayers])].sort((a, b) => a - b)
  const stops = options.edits.layers.filter((layer) => tokenIds.some((_, row) => options.edits.at(layer, first + row).length > 0))

  /** Reads, and where edits apply changes in place, the residual of one layer. */
  const visit = async (layer: number, x: Float32Array): Promise<void> => {
    if (options.signal.aborted) throw new CancelledError()
    if (options.readLayers.includes(layer)) {
      const encoded = await saes!.encode(layer, x)
      const before = encoded.tops
      if (options.reconstructionLayers.includes(layer)) {
        const errors = await saes!.reconstructionError(layer, x, encoded)
        errors.forEach((error, row) => reconstructed[row]!.set(layer, error))
      }
      const effects = before.map((top, row) => editEffect(options.edits.at(layer, first + row), top))
      const after = await applyEffects(saes!, layer, x, dModel, effects, encoded.scales)
      before.forEach((top, row) => {
        readings[row]!.set(layer, { top, after: after.get(row) ?? null, norm: norm(x, row * dModel, dModel) })
        if (effects[row]!.coefficients.size > 0) edited[row]!.set(layer, effects[row]!.coefficients)
      })
    }
    if (options.captureLayers.includes(layer)) captured.set(layer, x)
  }

  state.begin()
  let x: Float32Array | null = null
  let firstLayer = 0
  let logits: Float32Array | null = null
  for (const stop of [...stops, null]) {
    const endLayer: number = stop === null ? layers : stop + 1
    const result = await decoder.run(
      {
        input: x ? { x } : { tokenIds },
        firstLayer,
        endLayer,
        head: stop === null,
        residuals: wanted.filter((layer) => layer >= firstLayer && layer < endLayer),
        first,
        count,
      },
      state,
    )
    for (const [layer, residual] of result.residuals) await visit(layer, residual)
    if (stop !== null) x = result.residuals.get(stop)!
    logits = result.logits
    firstLayer = endLayer
  }
  state.commit(first + count)
  return { logits: logits!, readings, edited, reconstructed, captured }
}

/** Adds each row's effect to `x` and encodes the changed rows again; returns their features by row. */
async function applyEffects(saes: SaeSessions, layer: number, x: Float32Array, dModel: number, effects: readonly EditEffect[], scales: readonly TokenScale[]): Promise<Map<number, TopK>> {
  const rows = [...effects.keys()].filter((row) => effects[row]!.coefficients.size > 0)
  if (rows.length === 0) return new Map()
  const directions = new Map<number, Float32Array>()
  for (const row of rows) {
    for (const feature of effects[row]!.coefficients.keys()) {
      if (!directions.has(feature)) directions.set(feature, await saes.direction(layer, feature))
    }
  }
  const changed = new Float32Array(rows.length * dModel)
  rows.forEach((row, i) => {
    const line = x.subarray(row * dModel, (row + 1) * dModel)
    addDirections(line, effects[row]!.coefficients, scales[row]!.factor, directions)
    changed.set(line, i * dModel)
  })
  const after = await saes.encode(layer, changed)
  return new Map(rows.map((row, i) => [row, after.tops[i]!]))
}

function norm(x: Float32Array, start: number, length: number): number {
  let sum = 0
  for (let i = start; i < start + length; i++) sum += x[i]! * x[i]!
  return Math.sqrt(sum)
}
