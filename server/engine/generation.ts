// One generate request from start to end: what is remembered, prefill in chunks, token by token, then the predictions that nobody waited for.
import { CancelledError } from '../protocol/errors'
import { createCapture } from './capture'
import { chunkSize } from './chunkSize'
import type { EditPlan } from './editPlan'
import type { GenerateEvent, GenerateRequest, GenerateResult } from './engine'
import { readPositions } from './fillReadings'
import { forward, type ForwardModel } from './forward'
import type { Finding } from './layerVisit'
import { lastRow, predictAfter, predictMissing, predictionOf, type Next } from './predictions'
import { chunkEnd, cutOtherTokens, startLayer } from './nextChunk'
import { refuseNonFinite } from './nonFinite'
import { reportPrediction, type PositionRecord, type Prediction } from './sequence/positionRecord'
import type { PrefixCache } from './sequence/prefixCache'
import { createReadingQueue } from './encoding/readingQueue'
import { alwaysKept } from './sequence/residualStore'
import { sampleToken, samplingKey } from './sampler'
import { cutTokens, type Sequence } from './sequence/sequence'
import { createTokenReporter } from './tokenReporter'

/** An edit is most often one of a layer that was read. Of more layers than these only some are kept, which costs a few layers per edit. */
const MOST_READ_KEPT = 8

/** Kept per position even when fewer are asked for, so that asking for more later needs no new run. */
const MIN_CANDIDATES = 10

/** Layers whose residuals are kept, so that a later run can start from there. */
export function layersToKeep(layers: number, editLayers: readonly number[], readLayers: readonly number[]): number[] {
  return [...new Set([...alwaysKept(layers), ...editLayers, ...(readLayers.length <= MOST_READ_KEPT ? readLayers : [])])]
}

/** The request must have been checked and its edits planned. Throws CancelledError between chunks and between tokens. */
export async function generateTokens(
  model: ForwardModel, cache: PrefixCache, request: GenerateRequest, edits: EditPlan, onEvent: (event: GenerateEvent) => void, signal: AbortSignal,
): Promise<GenerateResult> {
  const { promptIds, sampling } = request
  const { contextLength, vocabSize, layers } = model.decoder.config
  const maxTokens = Math.min(promptIds.length + request.generate, contextLength)
  const stopIds = new Set(request.stopIds)
  const reconstructionLayers = request.reconstructionLayers ?? []
  const readLayers = [...new Set([...request.layers, ...edits.layers, ...reconstructionLayers])].sort((a, b) => a - b)
  const candidates = Math.min(vocabSize, Math.max(request.alternatives, MIN_CANDIDATES))
  const key = samplingKey(sampling)
  // The greedy choice is the likeliest token, which the graph finds itself.
  const wantsLogits = sampling.temperature > 0
  const keepLayers = layersToKeep(layers, edits.layers, readLayers)
  const capture = request.capture ? createCapture(request.capture) : null
  const chunk = chunkSize(model.decoder.config)
  const queue = createReadingQueue(model.saes, model.decoder.config.dModel)

  // A dump needs residuals and logits of every position, and those are not remembered; nor are reconstruction errors.
  const sequence = capture || reconstructionLayers.length > 0 ? cache.fresh() : cache.resume({ promptIds, maxTokens, samplingKey: key, stopIds, edits })
  const { records } = sequence
  sequence.state.kv.expect(maxTokens)
  const isStop = (position: number) => position >= promptIds.length && stopIds.has(records[position]!.token)
  const ended = endOf(sequence, maxTokens, isStop)
  const reusedTokens = ended ?? sequence.positions
  /** The token there was predicted from logits that hold. */
  const predicted = sequence.positions

  /** By position; empty unless they are asked for. */
  const errors: ReadonlyMap<number, number>[] = []
  const reporter = createTokenReporter(request, edits, records, errors, queue, chunk, onEvent)

  let hasBegun = false
  let next: Next | null = null
  const feed = async (tokenIds: readonly number[], chosenBy: string | null, prediction: Prediction | null): Promise<void> => {
    if (signal.aborted) throw new CancelledError()
    const first = sequence.positions
    const isLast = first + tokenIds.length >= promptIds.length
    const start = startLayer(sequence, tokenIds.length)
    const rows = capture?.wantsLogits ? [...tokenIds.keys()] : isLast ? [tokenIds.length - 1] : []
    const head = rows.length > 0 ? { rows, candidates, targets: null, wantsLogits: wantsLogits || capture?.wantsLogits === true } : null
    const options = { edits, readLayers, captureLayers: request.capture?.residualLayers ?? [], reconstructionLayers, keepLayers, queue, signal }
    const result = await forward(model, sequence, { tokenIds, first, start, endLayer: layers, head }, options)
    await refuseNonFinite(sequence.residuals, result.findings, first, queue)
    capture?.add(result)
    result.findings.forEach(({ readings, edited, reconstructed }, row) => {
      keepBelow(start, records[first + row], { readings, edited })
      records[first + row] = { token: tokenIds[row]!, chosenBy, prediction: row === 0 ? prediction : null, readings, edited }
      errors.push(reconstructed)
    })
    sequence.positions = first + tokenIds.length
    // Layers up to the start may lack what is wanted now.
    if (start !== null) await readPositions(model, sequence, readLayers.filter((layer) => layer <= start), edits, first, sequence.positions, () => {}, signal)
    next = result.head && lastRow(result.head, rows.length)
    await reporter.offer(sequence.positions)
  }

  try {
    await readPositions(model, sequence, readLayers, edits, 0, reusedTokens, () => {}, signal)
    await predictMissing(model, sequence, promptIds.length, reusedTokens, candidates, () => {}, signal)
    await reporter.deliver(reusedTokens)
    hasBegun = true
    const prefillStart = performance.now()
    while (sequence.positions < promptIds.length) {
      const first = sequence.positions
      const tokenIds = promptIds.slice(first, chunkEnd(sequence, promptIds.length, chunk))
      cutOtherTokens(sequence, tokenIds, first)
      await feed(tokenIds, null, first === predicted ? (records[first]?.prediction ?? null) : null)
      sequence.state.remember()
    }
    const decodeStart = performance.now()
    const decodeFrom = ended ?? sequence.positions
    let end = decodeFrom
    while (ended === null && end < maxTokens && !isStop(end - 1)) {
      const old = records[end]
      let token: number
      let prediction: Prediction
      if (old?.prediction && end === predicted && old.chosenBy === key && old.prediction.candidates.length >= candidates) {
        token = old.token
        prediction = old.prediction
      } else {
        next ??= await predictAfter(model, sequence, end - 1, { candidates, wantsLogits })
        token = next.logits ? sampleToken(next.logits, sampling, end) : next.tokens[0]!
        prediction = predictionOf(next, token)
        if (old && old.token !== token) cutTokens(sequence, end)
      }
      await feed([token], key, prediction)
      end = sequence.positions
    }
    await reporter.deliver(end)
    const decodeMs = performance.now() - decodeStart
    if (request.promptPredictions) {
      await predictMissing(model, sequence, 0, Math.min(promptIds.length, end), candidates, (first, stop) => {
        const predictions = records.slice(first, stop).map(({ prediction }) => reportPrediction(prediction!, request.alternatives))
        onEvent({ kind: 'predictions', first, predictions })
      }, signal)
    }
    return {
      reason: isStop(end - 1) ? 'stop' : 'length',
      reusedTokens,
      prefillMs: decodeStart - prefillStart,
      decodeMsPerToken: end > decodeFrom ? decodeMs / (end - decodeFrom) : 0,
      captured: capture?.finish() ?? null,
    }
  } catch (error) {
    // What was computed before a cancel is shown.
    if (error instanceof CancelledError && hasBegun) await reporter.deliver(ended ?? sequence.positions)
    throw error
  } finally {
    cache.keep(sequence)
  }
}

/** Where the request ends when the sequence already reaches so far, else null. */
function endOf(sequence: Sequence, maxTokens: number, isStop: (position: number) => boolean): number | null {
  for (let position = 1; position <= sequence.positions; position++) if (position === maxTokens || isStop(position - 1)) return position
  return null
}

/** Adds to what was found at a position what is known of the layers that were not computed again. */
function keepBelow(start: number | null, old: PositionRecord | undefined, found: Pick<Finding, 'readings' | 'edited'>): void {
  if (start === null || !old) return
  for (const [layer, reading] of old.readings) if (layer <= start && !found.readings.has(layer)) found.readings.set(layer, reading)
  for (const [layer, coefficients] of old.edited) if (layer < start) found.edited.set(layer, coefficients)
}
