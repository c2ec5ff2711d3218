// Runs layers over some positions of a sequence: reads features at the wanted layers, applies edits where they are due, and notes what came of each position.
import { CancelledError } from '../protocol/errors'
import { addDirections, editEffect, type Coefficients, type EditEffect } from './applyEdits'
import type { Decoder, HeadRequest, HeadResult } from './decoder'
import type { EditPlan } from './editPlan'
import { tokenScale, type TokenScale } from './inputScale'
import type { TopK } from './layerEncoder'
import { refuseNonFiniteEdit } from './nonFinite'
import type { LayerReading } from './positionRecord'
import type { ReadingQueue } from './readingQueue'
import type { SaeSessions } from './saeSessions'
import type { Sequence } from './sequence'
import type { SequenceState } from './sequenceState'

export interface ForwardModel {
  readonly decoder: Decoder
  readonly saes: SaeSessions | null
}

/** Some positions in a row, and the layers that are computed there. */
export interface Chunk {
  readonly tokenIds: readonly number[]
  readonly first: number
  /** The layer whose kept residual the chunk starts from; null starts from the token embedding. */
  readonly start: number | null
  /** Layers below this one are computed. */
  readonly endLayer: number
  /** What is wanted of the head; needs all layers. */
  readonly head: HeadRequest | null
}

export interface ForwardOptions {
  readonly edits: EditPlan
  /** Layers to encode; every edited layer must be among them. */
  readonly readLayers: readonly number[]
  /** Layers whose residuals are returned whole, after edits. */
  readonly captureLayers: readonly number[]
  /** Layers, among those that are read, whose reconstruction error is measured. */
  readonly reconstructionLayers: readonly number[]
  /** Layers whose residual is kept in the sequence, as it arrives. */
  readonly keepLayers: readonly number[]
  /** Takes readings that nothing waits for. */
  readonly queue: ReadingQueue
  readonly signal: AbortSignal
}

/** What was found at one position: readings by layer, which the queue completes, and what edits added. */
export interface Finding {
  readonly readings: Map<number, LayerReading>
  readonly edited: Map<number, Coefficients>
  /** By layer. */
  readonly reconstructed: ReadonlyMap<number, number>
}

export interface ForwardResult {
  readonly head: HeadResult | null
  /** Per position of the chunk. */
  readonly findings: readonly Finding[]
  /** By captured layer, (T, d_model). */
  readonly captured: ReadonlyMap<number, Float32Array>
}

/**
 * Computes the chunk after what `state` holds and leaves keys, values and states after it; keeps residuals in the sequence. A chunk that fails or
 * is cancelled leaves the sequence as it was. Layers run in one go up to each layer at which an edit applies; there the residual is edited here,
 * in float32, and the rest goes on from it.
 */
export async function forward(model: ForwardModel, sequence: Sequence, chunk: Chunk, options: ForwardOptions, state: SequenceState = sequence.state): Promise<ForwardResult> {
  const { decoder, saes } = model
  const { dModel } = decoder.config
  const { tokenIds, first, start, endLayer } = chunk
  const count = tokenIds.length
  const findings = tokenIds.map(() => ({ readings: new Map<number, LayerReading>(), edited: new Map<number, Coefficients>(), reconstructed: new Map<number, number>() }))
  const captured = new Map<number, Float32Array>()
  const kept: { readonly layer: number; readonly arrived: Float32Array }[] = []
  const isEdited = (layer: number): boolean => tokenIds.some((_, row) => options.edits.at(layer, first + row).length > 0)
  const stops = options.edits.layers.filter((layer) => layer > (start ?? -1) && layer < endLayer - 1 && isEdited(layer))
  const wanted = [...new Set([...options.readLayers, ...options.captureLayers, ...options.keepLayers, ...options.edits.layers])].sort((a, b) => a - b)

  const isKept = (layer: number): boolean => layer !== start && options.keepLayers.includes(layer)

  /** Reads, and where edits apply changes in place, the residual of one layer. */
  const visit = async (layer: number, x: Float32Array): Promise<void> => {
    if (options.signal.aborted) throw new CancelledError()
    const isRead = options.readLayers.includes(layer)
    const known = layer === start ? knownTops(sequence, layer, first, count) : null
    if (isRead && isEdited(layer)) {
      const tops = known ?? (await saes!.encode(layer, x)).tops
      const effects = tops.map((top, row) => editEffect(options.edits.at(layer, first + row), top))
      if (isKept(layer)) kept.push({ layer, arrived: x.slice() })
      await measure(layer, x, tops)
      tops.forEach((top, row) => {
        findings[row]!.readings.set(layer, { top, after: null, norm: norm(x, row * dModel, dModel) })
        if (effects[row]!.coefficients.size > 0) findings[row]!.edited.set(layer, effects[row]!.coefficients)
      })
      const changed = await applyEffects(saes!, layer, x, dModel, effects)
      changed.rows.forEach((row, i) => refuseNonFiniteEdit(changed.x.subarray(i * dModel, (i + 1) * dModel), first + row, layer))
      options.queue.add(layer, changed.x, (i, top) => complete(changed.rows[i]!, layer, (reading) => ({ ...reading!, after: top })))
    } else {
      if (isKept(layer)) kept.push({ layer, arrived: x })
      if (isRead && options.reconstructionLayers.includes(layer)) {
        const { tops } = await saes!.encode(layer, x)
        await measure(layer, x, tops)
        tops.forEach((top, row) => findings[row]!.readings.set(layer, { top, after: null, norm: norm(x, row * dModel, dModel) }))
      } else if (known) {
        known.forEach((top, row) => findings[row]!.readings.set(layer, { top, after: null, norm: norm(x, row * dModel, dModel) }))
      } else if (isRead) {
        options.queue.add(layer, x, (row, top) => complete(row, layer, () => ({ top, after: null, norm: norm(x, row * dModel, dModel) })))
      }
    }
    if (options.captureLayers.includes(layer)) captured.set(layer, x)
  }
  const complete = (row: number, layer: number, make: (reading: LayerReading | undefined) => LayerReading): void => {
    const { readings } = findings[row]!
    readings.set(layer, make(readings.get(layer)))
  }
  const measure = async (layer: number, x: Float32Array, tops: readonly TopK[]): Promise<void> => {
    if (!options.reconstructionLayers.includes(layer)) return
    const errors = await saes!.reconstructionError(layer, x, { tops, scales: rowScales(saes!, layer, x, dModel) })
    errors.forEach((error, row) => findings[row]!.reconstructed.set(layer, error))
  }

  state.begin()
  let x: Float32Array | null = null
  let firstLayer = 0
  let head: HeadResult | null = null
  if (start !== null) {
    x = sequence.residuals.read(start, first, first + count)
    await visit(start, x)
    firstLayer = start + 1
  }
  for (const stop of [...stops, null]) {
    const end: number = stop === null ? endLayer : stop + 1
    if (end === firstLayer) continue
    const result = await decoder.run(
      {
        input: x ? { x } : { tokenIds },
        firstLayer,
        endLayer: end,
        head: stop === null && !isEdited(end - 1) ? chunk.head : null,
        residuals: wanted.filter((layer) => layer >= firstLayer && layer < end),
        first,
        count,
      },
      state,
    )
    for (const [layer, residual] of result.residuals) await visit(layer, residual)
    x = result.residuals.get(end - 1) ?? null
    head = result.head
    firstLayer = end
  }
  if (chunk.head && !head) head = await runHead(decoder, x!, chunk.head, first, state)
  for (const { layer, arrived } of kept) sequence.residuals.keep(layer, arrived, first)
  state.commit(first + count)
  sequence.hasGrown = true
  return { head, findings, captured }
}

/** The head alone over `x` (T, d_model), the residual that leaves the last layer at positions from `first` on. */
export async function runHead(decoder: Decoder, x: Float32Array, head: HeadRequest, first: number, state: SequenceState): Promise<HeadResult> {
  const { layers, dModel } = decoder.config
  const result = await decoder.run({ input: { x }, firstLayer: layers, endLayer: layers, head, residuals: [], first, count: x.length / dModel }, state)
  return result.head!
}

/** What leaves a kept layer at positions first … end − 1, edits added: (end − first, d_model). */
export async function departingResidual({ decoder, saes }: ForwardModel, { residuals, records }: Sequence, layer: number, first: number, end: number): Promise<Float32Array> {
  const { dModel } = decoder.config
  const x = residuals.read(layer, first, end)
  const effects = records.slice(first, end).map(({ edited }) => ({ coefficients: edited.get(layer) ?? new Map<number, number>(), fired: [] }))
  if (saes) await applyEffects(saes, layer, x, dModel, effects)
  return x
}

/** Adds each row's effect to `x`; returns the rows that changed, and copies of them (n, d_model). */
async function applyEffects(saes: SaeSessions, layer: number, x: Float32Array, dModel: number, effects: readonly EditEffect[]): Promise<{ readonly rows: readonly number[]; readonly x: Float32Array }> {
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

/** What was read at a layer that is not computed again, by row; null unless it was read at each. */
function knownTops({ records }: Sequence, layer: number, first: number, count: number): TopK[] | null {
  const tops = records.slice(first, first + count).map(({ readings }) => readings.get(layer)?.top)
  return tops.length === count && tops.every((top) => top !== undefined) ? tops : null
}

function rowScales(saes: SaeSessions, layer: number, x: Float32Array, dModel: number): TokenScale[] {
  return Array.from({ length: x.length / dModel }, (_, row) => scaleAt(saes, layer, x.subarray(row * dModel, (row + 1) * dModel)))
}

const scaleAt = (saes: SaeSessions, layer: number, values: Float32Array): TokenScale => tokenScale(saes.set.layers.get(layer)!.input.scale, values)

function norm(values: Float32Array, start: number, length: number): number {
  let sum = 0
  for (let i = start; i < start + length; i++) sum += values[i]! * values[i]!
  return Math.sqrt(sum)
}
