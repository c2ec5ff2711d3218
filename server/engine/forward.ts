// Runs layers over some positions of a sequence, stopping where a residual is edited.
import { NonFiniteError } from '../protocol/errors'
import type { Decoder, HeadRequest, HeadResult } from './decoder'
import type { EditPlan } from './editPlan'
import { createLayerVisitor, type Finding } from './layerVisit'
import { createReadingQueue, type ReadingQueue } from './encoding/readingQueue'
import { nonFiniteAmong } from './nonFinite'
import type { SaeSessions } from './encoding/saeSessions'
import type { Sequence } from './sequence/sequence'
import type { SequenceState } from './sequence/sequenceState'

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

export interface ForwardResult {
  readonly head: HeadResult | null
  /** Per position of the chunk. */
  readonly findings: readonly Finding[]
  /** By captured layer, (T, d_model). */
  readonly captured: ReadonlyMap<number, Float32Array>
}

/**
 * Computes the chunk after what `state` holds and leaves keys, values and states after it; keeps residuals in the sequence. A chunk that fails or
 * is cancelled leaves the sequence as it was. Throws NonFiniteError, which of a single position knows the layer.
 */
export async function forward(model: ForwardModel, sequence: Sequence, chunk: Chunk, options: ForwardOptions, state: SequenceState = sequence.state): Promise<ForwardResult> {
  try {
    return await runChunk(model, sequence, chunk, options, state)
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error
    forgetChunk(chunk, state)
    if (chunk.tokenIds.length > 1) throw nonFiniteAmong(chunk.first, chunk.tokenIds.length)
    // Once more, looking at every layer.
    const captureLayers = Array.from({ length: chunk.endLayer }, (_, layer) => layer)
    await runChunk(model, sequence, { ...chunk, head: null }, { ...options, captureLayers, keepLayers: [], queue: createReadingQueue(model.saes, model.decoder.config.dModel) }, state).catch((located: unknown) => {
      forgetChunk(chunk, state)
      throw located
    })
    throw error
  }
}

/** What a chunk wrote that is not made of numbers would spoil the positions that come in its place. */
function forgetChunk({ tokenIds, first, start, endLayer }: Chunk, state: SequenceState): void {
  if (state.isReplay) return
  for (let layer = (start ?? -1) + 1; layer < endLayer; layer++) state.kv.clear(layer, first, tokenIds.length)
}

/** Layers run in one go up to each layer at which an edit applies; there the residual is edited here, in float32, and the rest goes on from it. */
async function runChunk(model: ForwardModel, sequence: Sequence, chunk: Chunk, options: ForwardOptions, state: SequenceState): Promise<ForwardResult> {
  const { decoder, saes } = model
  const { tokenIds, first, start, endLayer } = chunk
  const count = tokenIds.length
  const visitor = createLayerVisitor(saes, sequence, chunk, options, state.isReplay)
  const stops = options.edits.layers.filter((layer) => layer > (start ?? -1) && layer < endLayer - 1 && visitor.isEdited(layer))
  const wanted = [...new Set([...options.readLayers, ...options.captureLayers, ...options.keepLayers, ...options.edits.layers])].sort((a, b) => a - b)

  state.begin()
  let x: Float32Array | null = null
  let firstLayer = 0
  let head: HeadResult | null = null
  if (start !== null) {
    x = sequence.residuals.read(start, first, first + count)
    await visitor.visit(start, x)
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
        head: stop === null && !visitor.isEdited(end - 1) ? chunk.head : null,
        residuals: wanted.filter((layer) => layer >= firstLayer && layer < end),
        first,
        count,
      },
      state,
    )
    for (const [layer, residual] of result.residuals) await visitor.visit(layer, residual)
    x = result.residuals.get(end - 1) ?? null
    head = result.head
    firstLayer = end
  }
  if (chunk.head && !head) head = await runHead(decoder, x!, chunk.head, first, state)
  visitor.keep()
  state.commit(first + count)
  sequence.hasGrown = true
  return { head, findings: visitor.findings, captured: visitor.captured }
}

/** The head alone over `x` (T, d_model), the residual that leaves the last layer at positions from `first` on. */
export async function runHead(decoder: Decoder, x: Float32Array, head: HeadRequest, first: number, state: SequenceState): Promise<HeadResult> {
  const { layers, dModel } = decoder.config
  const result = await decoder.run({ input: { x }, firstLayer: layers, endLayer: layers, head, residuals: [], first, count: x.length / dModel }, state)
  return result.head!
}
