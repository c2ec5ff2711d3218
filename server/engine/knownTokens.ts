// Tokens that are known already, as a computed sequence: what is remembered of them, and the rest computed up to the layer that is needed.
import { chunkSize } from './chunkSize'
import type { EditPlan } from './editPlan'
import { forward, type ForwardModel } from './forward'
import { cutOtherTokens } from './nextChunk'
import { createReadingQueue } from './encoding/readingQueue'
import type { PositionRecord } from './sequence/positionRecord'
import type { PrefixCache } from './sequence/prefixCache'
import { alwaysKept } from './sequence/residualStore'
import type { Sequence } from './sequence/sequence'

export interface KnownTokens {
  readonly tokenIds: readonly number[]
  readonly edits: EditPlan
  /** No layer above it is needed. */
  readonly highest: number
  /** Layers that are read on the way at positions from `from` on, ascending. */
  readonly layers: readonly number[]
  readonly from: number
}

/** A sequence that begins with the tokens, and how many of them are computed up to the highest layer that is needed. */
export interface OpenedTokens {
  readonly sequence: Sequence
  readonly computed: number
  /** Computes the others. Throws CancelledError between chunks. */
  compute(onProgress: (fraction: number) => void, signal: AbortSignal): Promise<void>
  /** Remembers what is there now; must be called once, also after an error. */
  close(): void
}

/** Nothing that is remembered of other tokens, or of those that follow on these, gets lost. */
export function openKnownTokens(model: ForwardModel, cache: PrefixCache, wanted: KnownTokens): OpenedTokens {
  const { tokenIds, edits, highest } = wanted
  const isWhole = highest === model.decoder.config.layers - 1
  const resumed = cache.resume({ knownIds: tokenIds, maxTokens: tokenIds.length, samplingKey: '', stopIds: new Set(), edits })
  // A state that stands above layers that lack positions could not go on from there, so such a sequence is not remembered.
  const isPartial = resumed.state.hasStates && resumed.positions < tokenIds.length && !isWhole
  const sequence = isPartial ? cache.fresh() : resumed
  const computed = Math.min(tokenIds.length, isWhole ? sequence.positions : Math.max(sequence.positions, sequence.residuals.computedAt(highest)))
  return {
    sequence,
    computed,
    compute: (onProgress, signal) => computeFrom(model, sequence, computed, wanted, isWhole, onProgress, signal),
    close: () => cache.keep(isPartial ? resumed : sequence),
  }
}

async function computeFrom(
  model: ForwardModel, sequence: Sequence, computed: number, { tokenIds, edits, highest, layers, from }: KnownTokens, isWhole: boolean, onProgress: (fraction: number) => void, signal: AbortSignal,
): Promise<void> {
  const { records, residuals, state } = sequence
  const queue = createReadingQueue(model.saes, model.decoder.config.dModel)
  const below = edits.layers.filter((layer) => layer <= highest)
  const options = { edits, captureLayers: [], reconstructionLayers: [], keepLayers: [...alwaysKept(model.decoder.config.layers), ...below, highest], queue, signal }
  const chunk = chunkSize(model.decoder.config)
  let first = computed
  while (first < tokenIds.length) {
    const start = state.hasStates ? null : residuals.highestAt(first)
    const end = Math.min(first + chunk, tokenIds.length, start === null ? Infinity : residuals.rows(start))
    const ids = tokenIds.slice(first, end)
    cutOtherTokens(sequence, ids, first)
    const readLayers = end > from ? [...new Set([...layers, ...below])] : below
    const { findings } = await forward(model, sequence, { tokenIds: ids, first, start, endLayer: highest + 1, head: null }, { ...options, readLayers })
    await queue.flush()
    findings.forEach(({ readings, edited }, row) => {
      const old: PositionRecord = records[first + row] ?? { token: ids[row]!, chosenBy: null, prediction: null, readings: new Map(), edited: new Map() }
      records[first + row] = { ...old, readings: new Map([...old.readings, ...readings]), edited: new Map([...old.edited, ...edited]) }
    })
    first = end
    if (isWhole) {
      sequence.positions = end
      state.remember()
    }
    onProgress((first - computed) / (tokenIds.length - computed))
  }
}
