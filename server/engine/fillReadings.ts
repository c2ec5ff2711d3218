// Reads layers at positions that are computed already: from residuals that are kept, or by running the few layers above them once more.
import { chunkSize } from './chunkSize'
import type { EditPlan } from './editPlan'
import { forward, type ForwardModel, type ForwardOptions, type ForwardResult } from './forward'
import type { Finding } from './layerVisit'
import type { PositionRecord } from './sequence/positionRecord'
import { createReadingQueue } from './encoding/readingQueue'
import type { Sequence } from './sequence/sequence'

/** Rows of a layer that are encoded together at least: an encoder that is not in memory must be opened for them. */
const ENCODED_TOGETHER = 256

/**
 * Sees to it that the records of positions first … end − 1, which must be computed at these layers, have readings of `layers`. Calls back with the
 * layers that are there now, ascending, and the share of the work that is done. Throws CancelledError between chunks; what was read stays.
 */
export async function readPositions(
  model: ForwardModel, sequence: Sequence, layers: readonly number[], edits: EditPlan, first: number, end: number, onRead: (layers: readonly number[], fraction: number) => void, signal: AbortSignal,
): Promise<void> {
  const missing = new Map(layers.map((layer) => [layer, missingStretch(sequence, layer, first, end)] as const).filter(([, stretch]) => stretch !== null))
  const there = layers.filter((layer) => !missing.has(layer))
  if (there.length > 0) onRead(there, there.length / layers.length)
  let done = there.length
  for (const { start, layers: group } of layerGroups(sequence, [...missing.keys()], end)) {
    const from = Math.min(...group.map((layer) => missing.get(layer)!.first))
    const to = Math.max(...group.map((layer) => missing.get(layer)!.end))
    await readGroup(model, sequence, start, group, edits, from, to, (share) => onRead([], (done + share * group.length) / layers.length), signal)
    done += group.length
    onRead(group, done / layers.length)
  }
}

/** From the first to the last of the positions first … end − 1 that have no reading of the layer; null where all have. */
function missingStretch({ records }: Sequence, layer: number, first: number, end: number): { readonly first: number; readonly end: number } | null {
  let from = first
  while (from < end && records[from]!.readings.has(layer)) from++
  if (from === end) return null
  let to = end
  while (records[to - 1]!.readings.has(layer)) to--
  return { first: from, end: to }
}

/** Layers that are read in one go, from the kept residual of `start` or, when that is null, from the token embedding. */
export interface LayerGroup {
  readonly start: number | null
  readonly layers: readonly number[]
}

/** Ascending. A layer that keeps a state cannot be run on from the middle, so such models start from the embedding, once for all. */
export function layerGroups({ residuals, state }: Sequence, layers: readonly number[], end: number): readonly LayerGroup[] {
  const groups = new Map<number | null, number[]>()
  for (const layer of layers) {
    const start = residuals.layers.findLast((kept) => (state.hasStates ? kept === layer : kept <= layer) && residuals.rows(kept) >= end) ?? null
    // Of two kept layers the upper one is read by itself: nothing needs to be run.
    const group = groups.get(start)
    if (group) group.push(layer)
    else groups.set(start, [layer])
  }
  return [...groups].map(([start, members]) => ({ start, layers: members }))
}

async function readGroup(
  { decoder, saes }: ForwardModel, sequence: Sequence, start: number | null, layers: readonly number[], edits: EditPlan, from: number, end: number, onProgress: (share: number) => void, signal: AbortSignal,
): Promise<void> {
  const { records } = sequence
  const queue = createReadingQueue(saes, decoder.config.dModel)
  const top = layers.at(-1)!
  const below = edits.layers.filter((layer) => layer >= (start ?? 0) && layer < top)
  const options = { edits, readLayers: [...new Set([...layers, ...below])], captureLayers: [], reconstructionLayers: [], keepLayers: [], queue, signal }
  const chunk = chunkSize(decoder.config)
  const waiting: { readonly finding: Finding; readonly record: PositionRecord }[] = []
  // What starts from a kept residual runs nothing that has a state.
  const state = decoder.replayFrom(sequence.state, from)
  let stop = start === null ? state.positions : from
  while (stop < end) {
    const first = stop
    stop = Math.min(end, first + chunk)
    const tokenIds = records.slice(first, stop).map(({ token }) => token)
    const { findings } = await forward({ decoder, saes }, sequence, { tokenIds, first, start, endLayer: top + 1, head: null }, options, state)
    waiting.push(...findings.map((finding, row) => ({ finding, record: records[first + row]! })))
    if (waiting.length >= ENCODED_TOGETHER || stop === end) {
      await queue.flush()
      for (const { finding, record } of waiting.splice(0)) for (const layer of layers) record.readings.set(layer, finding.readings.get(layer)!)
    }
    onProgress(Math.max(0, stop - from) / (end - from))
  }
}

/** Runs the layers of a group at one computed position once more and returns what was found there, and the residuals that were to be captured, after edits. */
export async function replayTo(
  { decoder, saes }: ForwardModel, sequence: Sequence, { start, layers }: LayerGroup, options: Pick<ForwardOptions, 'edits' | 'readLayers' | 'captureLayers' | 'reconstructionLayers' | 'signal'>, position: number,
): Promise<{ readonly finding: Finding; readonly captured: ForwardResult['captured'] }> {
  const queue = createReadingQueue(saes, decoder.config.dModel)
  const top = layers.at(-1)!
  const edited = options.edits.layers.filter((layer) => layer >= (start ?? 0) && layer <= top)
  const state = decoder.replayFrom(sequence.state, position)
  const chunk = chunkSize(decoder.config)
  const run = (first: number, end: number, wanted: Pick<ForwardOptions, 'readLayers' | 'captureLayers' | 'reconstructionLayers'>): Promise<ForwardResult> => {
    const tokenIds = sequence.records.slice(first, end).map(({ token }) => token)
    return forward({ decoder, saes }, sequence, { tokenIds, first, start, endLayer: top + 1, head: null }, { ...options, ...wanted, keepLayers: [], queue }, state)
  }
  // Only states, which know no earlier position than their last, have to be brought there.
  for (let first = start === null ? state.positions : position; first < position; first += chunk) {
    await run(first, Math.min(position, first + chunk), { readLayers: edited, captureLayers: [], reconstructionLayers: [] })
  }
  const within = (layers: readonly number[]): readonly number[] => layers.filter((layer) => layer <= top)
  const { findings, captured } = await run(position, position + 1, {
    readLayers: [...new Set([...within(options.readLayers), ...edited])], captureLayers: within(options.captureLayers), reconstructionLayers: within(options.reconstructionLayers),
  })
  await queue.flush()
  return { finding: findings[0]!, captured }
}
