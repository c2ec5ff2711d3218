// One generate request from start to end: what is remembered, prefill in chunks, token by token, then the predictions that nobody waited for.
import { CancelledError, NonFiniteError } from '../protocol/errors'
import { createCapture } from './capture'
import { chunkSize } from './chunkSize'
import { confirmChoices } from './confirmChoices'
import type { EditPlan } from './editPlan'
import type { GenerateEvent, GenerateRequest, GenerateResult } from './engine'
import { readPositions } from './fillReadings'
import { forward, type ForwardModel } from './forward'
import type { Finding } from './layerVisit'
import { nextAt, predictAfter, predictMissing, predictionOf, type Next } from './predictions'
import { chunkEnd, cutOtherTokens, startLayer } from './nextChunk'
import { reportPrediction, type PositionRecord, type Prediction } from './sequence/positionRecord'
import type { PrefixCache } from './sequence/prefixCache'
import { createReadingQueue } from './encoding/readingQueue'
import { alwaysKept } from './sequence/residualStore'
import { sampleToken, samplingKey } from './sampler'
import { cutTokens, type Sequence } from './sequence/sequence'
import { createTokenReporter } from './tokenReporter'

/** An edit is most often one of a layer that was read. Of more layers than these only some are kept, which costs a few layers per edit. */
const MOST_READ_KEPT = 8

/** Generated tokens after which the states of layers that have some are kept: from there another continuation starts. */
const REMEMBERED_EVERY = 32

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
  const { promptIds, sampling, reportFrom = 0 } = request
  const { contextLength, vocabSize, layers } = model.decoder.config
  const knownIds = [...promptIds, ...(request.givenIds ?? [])]
  const known = knownIds.length
  const maxTokens = Math.min(known + request.generate, contextLength)
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
  const isWhole = capture !== null || reconstructionLayers.length > 0
  const wanted = { knownIds, maxTokens, samplingKey: key, stopIds, edits }
  const expected = isWhole ? null : await confirmChoices(model, cache, wanted, sampling, candidates, signal)
  const sequence = isWhole ? cache.fresh() : cache.resume(wanted)
  const { records } = sequence
  sequence.state.kv.expect(maxTokens)
  const isStop = (position: number) => position >= known && stopIds.has(records[position]!.token)
  const ended = endOf(sequence, known, maxTokens, isStop)
  const reusedTokens = ended ?? sequence.positions
  /** The token there was predicted from logits that hold. */
  const predicted = sequence.positions

  /** By position; empty unless they are asked for. */
  const errors: ReadonlyMap<number, number>[] = []
  const reporter = createTokenReporter(request, edits, records, errors, queue, chunk, onEvent)
  /** Positions that can be reported; null before anything can. */
  let ready: number | null = null
  let next: Next | null = expected?.position === predicted ? expected.next : null

  /** What is reported of tokens after the prompt has predictions. */
  const predictReported = (first: number, end: number): Promise<void> =>
    predictMissing(model, sequence, Math.max(first, promptIds.length, reportFrom), end, candidates, () => {}, signal)

  const feed = async (tokenIds: readonly number[], chosenBy: string | null, prediction: Prediction | null): Promise<void> => {
    if (signal.aborted) throw new CancelledError()
    const first = sequence.positions
    const end = first + tokenIds.length
    const start = startLayer(sequence, tokenIds.length)
    const isFollowed = end >= known && end < maxTokens && !(end > known && stopIds.has(tokenIds.at(-1)!))
    const rows = capture?.wantsLogits ? [...tokenIds.keys()] : isFollowed ? [tokenIds.length - 1] : []
    const head = rows.length > 0 ? { rows, candidates, targets: null, wantsLogits: wantsLogits || capture?.wantsLogits === true } : null
    const layersHere = end > reportFrom ? readLayers : edits.layers
    const options = { edits, readLayers: layersHere, captureLayers: request.capture?.residualLayers ?? [], reconstructionLayers, keepLayers, queue, signal }
    const result = await forward(model, sequence, { tokenIds, first, start, endLayer: layers, head }, options)
    capture?.add(result)
    result.findings.forEach(({ readings, edited, reconstructed }, row) => {
      keepBelow(start, records[first + row], { readings, edited })
      records[first + row] = { token: tokenIds[row]!, chosenBy, prediction: row === 0 ? prediction : null, readings, edited }
      errors.push(reconstructed)
    })
    sequence.positions = end
    // Layers up to the start may lack what is wanted now.
    if (start !== null) await readPositions(model, sequence, layersHere.filter((layer) => layer <= start), edits, first, end, () => {}, signal)
    next = isFollowed ? nextAt(result.head!, rows.length - 1) : null
    await predictReported(first, Math.min(end, known))
    ready = end
    await reporter.offer(end)
  }

  try {
    await readPositions(model, sequence, readLayers, edits, Math.min(reportFrom, reusedTokens), reusedTokens, () => {}, signal)
    await predictReported(0, reusedTokens)
    ready = reusedTokens
    await reporter.deliver(reusedTokens)
    const prefillStart = performance.now()
    let most = chunk
    while (sequence.positions < known) {
      const first = sequence.positions
      const tokenIds = knownIds.slice(first, chunkEnd(sequence, known, most))
      cutOtherTokens(sequence, tokenIds, first)
      try {
        await feed(tokenIds, null, first === predicted ? (records[first]?.prediction ?? null) : null)
        sequence.state.remember()
      } catch (error) {
        if (!(error instanceof NonFiniteError) || tokenIds.length === 1) throw error
        // One by one, so that the tokens before it are there.
        most = 1
      }
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
      if (end % REMEMBERED_EVERY === 0) sequence.state.remember()
    }
    await reporter.deliver(end)
    const decodeMs = performance.now() - decodeStart
    if (request.promptPredictions) {
      await predictMissing(model, sequence, reportFrom, Math.min(promptIds.length, end), candidates, (first, stop) => {
        onEvent({ kind: 'predictions', first, predictions: records.slice(first, stop).map(({ prediction }) => reportPrediction(prediction!, request.alternatives)) })
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
    // What was computed before it is shown.
    if ((error instanceof CancelledError || error instanceof NonFiniteError) && ready !== null) await reporter.deliver(ready)
    throw error
  } finally {
    cache.keep(sequence)
  }
}

/** Where the request ends when the sequence already reaches so far, else null. */
function endOf(sequence: Sequence, known: number, maxTokens: number, isStop: (position: number) => boolean): number | null {
  for (let position = known; position <= sequence.positions; position++) if (position === maxTokens || isStop(position - 1)) return position
  return null
}

/** Adds to what was found at a position what is known of the layers that were not computed again. */
function keepBelow(start: number | null, old: PositionRecord | undefined, found: Pick<Finding, 'readings' | 'edited'>): void {
  if (start === null || !old) return
  for (const [layer, reading] of old.readings) if (layer <= start && !found.readings.has(layer)) found.readings.set(layer, reading)
  for (const [layer, coefficients] of old.edited) if (layer < start) found.edited.set(layer, coefficients)
}
