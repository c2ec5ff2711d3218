// Reads layers over tokens that are known, for whoever looks at a layer after the run: no layer above the highest wanted one is computed.
import { chunkSize } from './chunkSize'
import type { EditPlan } from './editPlan'
import type { ReadEvent, ReadRequest } from './engine'
import { readPositions } from './fillReadings'
import { forward, type ForwardModel } from './forward'
import { cutOtherTokens } from './nextChunk'
import { strongest, type PositionRecord } from './sequence/positionRecord'
import type { PrefixCache } from './sequence/prefixCache'
import { createReadingQueue } from './encoding/readingQueue'
import { alwaysKept } from './sequence/residualStore'
import type { Sequence } from './sequence/sequence'

/** The request must have been checked and its edits planned. Throws CancelledError between chunks. */
export async function readLayers(model: ForwardModel, cache: PrefixCache, request: ReadRequest, edits: EditPlan, onEvent: (event: ReadEvent) => void, signal: AbortSignal): Promise<void> {
  const { tokenIds, top } = request
  const layers = [...new Set(request.layers)].sort((a, b) => a - b)
  if (layers.length === 0) return
  const resumed = cache.resume({ knownIds: tokenIds, maxTokens: tokenIds.length, samplingKey: '', stopIds: new Set(), edits })
  // A state that stands above layers that lack positions could not go on from there, so such a sequence is not remembered.
  const isPartial = resumed.state.hasStates && resumed.positions < tokenIds.length
  const sequence = isPartial ? cache.fresh() : resumed
  try {
    const computed = Math.max(sequence.positions, sequence.residuals.computedAt(layers.at(-1)!))
    const share = (tokenIds.length - computed) / tokenIds.length
    await computeUpTo(model, sequence, layers, edits, tokenIds, (fraction) => onEvent({ kind: 'progress', fraction: share * fraction }), signal)
    const ready = new Set<number>()
    const waiting = [...layers]
    await readPositions(model, sequence, layers, edits, 0, tokenIds.length, (read, fraction) => {
      onEvent({ kind: 'progress', fraction: share + (1 - share) * fraction })
      for (const layer of read) ready.add(layer)
      while (waiting.length > 0 && ready.has(waiting[0]!)) onEvent({ kind: 'layer', report: layerReport(sequence, waiting.shift()!, tokenIds.length, top) })
    }, signal)
  } finally {
    if (isPartial) cache.keep(resumed)
    else cache.keep(sequence)
  }
}

/** Computes the positions that the highest of `layers` lacks, up to that layer, and reads the others on the way. */
async function computeUpTo(
  model: ForwardModel, sequence: Sequence, layers: readonly number[], edits: EditPlan, tokenIds: readonly number[], onProgress: (fraction: number) => void, signal: AbortSignal,
): Promise<void> {
  const { records, residuals, state } = sequence
  const highest = layers.at(-1)!
  const queue = createReadingQueue(model.saes, model.decoder.config.dModel)
  const below = edits.layers.filter((layer) => layer <= highest)
  const options = {
    edits, readLayers: [...new Set([...layers, ...below])], captureLayers: [], reconstructionLayers: [],
    keepLayers: [...alwaysKept(model.decoder.config.layers), ...below, highest], queue, signal,
  }
  const chunk = chunkSize(model.decoder.config)
  let first = Math.max(sequence.positions, residuals.computedAt(highest))
  const from = first
  while (first < tokenIds.length) {
    const start = state.hasStates ? null : residuals.highestAt(first)
    const end = Math.min(first + chunk, tokenIds.length, start === null ? Infinity : residuals.rows(start))
    const ids = tokenIds.slice(first, end)
    cutOtherTokens(sequence, ids, first)
    const { findings } = await forward(model, sequence, { tokenIds: ids, first, start, endLayer: highest + 1, head: null }, options)
    await queue.flush()
    findings.forEach(({ readings, edited }, row) => {
      const old: PositionRecord = records[first + row] ?? { token: ids[row]!, chosenBy: null, prediction: null, readings: new Map(), edited: new Map() }
      records[first + row] = { ...old, readings: new Map([...old.readings, ...readings]), edited: new Map([...old.edited, ...edited]) }
    })
    first = end
    onProgress((first - from) / (tokenIds.length - from))
  }
}

function layerReport({ records }: Sequence, layer: number, count: number, top: number): Extract<ReadEvent, { kind: 'layer' }>['report'] {
  const readings = records.slice(0, count).map(({ readings }) => readings.get(layer)!)
  return { layer, features: readings.map((reading) => strongest(reading.top, top)), residualNorm: readings.map(({ norm }) => norm) }
}
