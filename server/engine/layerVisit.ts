// What happens at a layer's residual: it is kept, read, edited where edits apply, and measured.
import { CancelledError } from '../protocol/errors'
import { editEffect, type Coefficients } from './applyEdits'
import type { Chunk, ForwardOptions } from './forward'
import { refuseNonFinite } from './nonFinite'
import type { LayerReading } from './sequence/positionRecord'
import { applyEffects, scaleAt } from './residualEdits'
import type { TopK } from './encoding/layerEncoder'
import type { SaeSessions } from './encoding/saeSessions'
import type { Sequence } from './sequence/sequence'

/** What was found at one position. */
export interface Finding {
  /** By layer; the queue completes them. */
  readonly readings: Map<number, LayerReading>
  /** By layer, what edits added. */
  readonly edited: Map<number, Coefficients>
  /** By layer, reconstruction errors. */
  readonly reconstructed: Map<number, number>
}

export interface LayerVisitor {
  /** Takes the residual (T, d_model) that arrives at a layer and changes it in place where edits apply. Throws CancelledError and NonFiniteError. */
  visit(layer: number, x: Float32Array): Promise<void>
  /** Whether some edit applies to the chunk at this layer. */
  isEdited(layer: number): boolean
  /** Per position of the chunk. */
  readonly findings: readonly Finding[]
  /** By captured layer, (T, d_model), after edits. */
  readonly captured: ReadonlyMap<number, Float32Array>
  /** Keeps what is to be kept; to be called when the whole chunk has been computed. */
  keep(): void
}

/** In a replay what was read is what would be read again. */
export function createLayerVisitor(saes: SaeSessions | null, sequence: Sequence, { tokenIds, first, start }: Chunk, options: ForwardOptions, isReplay: boolean): LayerVisitor {
  const rows = [...tokenIds.keys()]
  const findings = rows.map((): Finding => ({ readings: new Map(), edited: new Map(), reconstructed: new Map() }))
  const captured = new Map<number, Float32Array>()
  const kept: { readonly layer: number; readonly arrived: Float32Array }[] = []
  const rowOf = (x: Float32Array, row: number): Float32Array => x.subarray((row * x.length) / rows.length, ((row + 1) * x.length) / rows.length)
  const isEdited = (layer: number): boolean => rows.some((row) => options.edits.at(layer, first + row).length > 0)

  const arrived = (top: TopK, x: Float32Array, row: number): LayerReading => ({ top, after: null, norm: vectorNorm(rowOf(x, row)) })
  const note = (layer: number, x: Float32Array, tops: readonly TopK[]): void => tops.forEach((top, row) => findings[row]!.readings.set(layer, arrived(top, x, row)))
  const measure = async (layer: number, x: Float32Array, tops: readonly TopK[]): Promise<void> => {
    if (!options.reconstructionLayers.includes(layer)) return
    const errors = await saes!.reconstructionError(layer, x, { tops, scales: rows.map((row) => scaleAt(saes!, layer, rowOf(x, row))) })
    errors.forEach((error, row) => findings[row]!.reconstructed.set(layer, error))
  }

  /** Edits read activations, so these cannot wait. */
  const edit = async (layer: number, x: Float32Array, tops: readonly TopK[]): Promise<void> => {
    await measure(layer, x, tops)
    note(layer, x, tops)
    const effects = tops.map((top, row) => editEffect(options.edits.at(layer, first + row), top))
    effects.forEach(({ coefficients }, row) => coefficients.size > 0 && findings[row]!.edited.set(layer, coefficients))
    const changed = await applyEffects(saes!, layer, x, effects)
    changed.rows.forEach((row) => refuseNonFinite(rowOf(x, row), 1, first + row, layer))
    options.queue.add(layer, changed.x, (i, after) => {
      const { readings } = findings[changed.rows[i]!]!
      readings.set(layer, { ...readings.get(layer)!, after })
    })
  }

  return {
    findings,
    captured,
    isEdited,
    async visit(layer, x) {
      if (options.signal.aborted) throw new CancelledError()
      refuseNonFinite(x, rows.length, first, layer)
      const isRead = options.readLayers.includes(layer)
      const known = layer === start || isReplay ? knownTops(sequence, layer, first, rows.length) : null
      const changes = isRead && isEdited(layer)
      if (layer !== start && options.keepLayers.includes(layer)) kept.push({ layer, arrived: changes ? x.slice() : x })
      if (changes) await edit(layer, x, known ?? (await saes!.encode(layer, x)).tops)
      else if (known) {
        await measure(layer, x, known)
        note(layer, x, known)
      }
      else if (isRead && options.reconstructionLayers.includes(layer)) {
        const { tops } = await saes!.encode(layer, x)
        note(layer, x, tops)
        await measure(layer, x, tops)
      } else if (isRead) options.queue.add(layer, x, (row, top) => findings[row]!.readings.set(layer, arrived(top, x, row)))
      if (options.captureLayers.includes(layer)) captured.set(layer, x)
    },
    keep() {
      for (const { layer, arrived: x } of kept) sequence.residuals.keep(layer, x, first)
    },
  }
}

/** What was read at a layer that is not computed again, by row; null unless it was read at each. */
function knownTops({ records }: Sequence, layer: number, first: number, count: number): TopK[] | null {
  const tops = records.slice(first, first + count).map(({ readings }) => readings.get(layer)?.top)
  return tops.length === count && tops.every((top) => top !== undefined) ? tops : null
}

/** Euclidean. */
export function vectorNorm(x: Float32Array): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i]! * x[i]!
  return Math.sqrt(sum)
}
