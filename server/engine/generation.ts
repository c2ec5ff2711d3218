// One generate request from start to end: what is remembered, prefill in chunks, then token by token.
import { CancelledError, InputError } from '../protocol/errors'
import { createCapture } from './capture'
import type { EditPlan } from './editPlan'
import type { GenerateEvent, GenerateRequest, GenerateResult, TokenReport } from './engine'
import { forward, type ForwardModel, type ForwardResult } from './forward'
import { likeliest, logSumExp } from './logits'
import { reportPosition, type Prediction } from './positionRecord'
import type { PrefixCache } from './prefixCache'
import { sampleToken, samplingKey } from './sampler'

/** Positions per prefill run: what a cancel waits for, and what bounds the memory of attention scores. */
const CHUNK = 64

/** Kept per position even when fewer are asked for, so that asking for more later needs no new run. */
const MIN_CANDIDATES = 10

/** The request must have been checked and its edits planned. Throws CancelledError between chunks and between tokens. */
export async function generateTokens(
  model: ForwardModel, cache: PrefixCache, request: GenerateRequest, edits: EditPlan, onEvent: (event: GenerateEvent) => void, signal: AbortSignal,
): Promise<GenerateResult> {
  const { promptIds, sampling } = request
  const { contextLength, vocabSize } = model.decoder.config
  const maxTokens = Math.min(promptIds.length + request.generate, contextLength)
  const stopIds = new Set(request.stopIds)
  const reconstructionLayers = request.reconstructionLayers ?? []
  const readLayers = [...new Set([...request.layers, ...edits.layers, ...reconstructionLayers])].sort((a, b) => a - b)
  const candidates = Math.min(vocabSize, Math.max(request.alternatives, MIN_CANDIDATES))
  const key = samplingKey(sampling)
  const capture = request.capture ? createCapture(request.capture) : null

  // A dump needs residuals and logits of every position, and those are not remembered; nor are reconstruction errors.
  const resumed = capture || reconstructionLayers.length > 0 ? cache.fresh() : cache.resume({ promptIds, maxTokens, samplingKey: key, stopIds, edits, readLayers, candidates })
  const { sequence, positions: reusedTokens } = resumed
  const { records } = sequence
  const isStop = (position: number) => position >= promptIds.length && stopIds.has(records[position]!.token)

  /** By position; empty unless they are asked for. */
  const errors: ReadonlyMap<number, number>[] = []
  const report = (first: number, end: number): void => {
    for (let start = first; start < end; start += CHUNK) {
      const stop = Math.min(end, start + CHUNK)
      if (start < promptIds.length) onEvent({ kind: 'prefill', done: Math.min(stop, promptIds.length), total: promptIds.length })
      const reportRequest = { promptLength: promptIds.length, layers: request.layers, top: request.top, alternatives: request.alternatives, edits }
      onEvent({ kind: 'tokens', tokens: records.slice(start, stop).map((record, i) => withError(reportPosition(record, start + i, reportRequest), errors[start + i])) })
    }
  }

  let known = resumed.next
  const feed = async (tokenIds: readonly number[], chosenBy: string | null): Promise<void> => {
    if (signal.aborted) throw new CancelledError()
    const first = records.length
    const options = { edits, readLayers, captureLayers: request.capture?.residualLayers ?? [], reconstructionLayers, signal }
    const result = await forward(model, sequence.state, { tokenIds, first }, options)
    capture?.add(result)
    errors.push(...result.reconstructed)
    const row = (i: number) => result.logits.subarray(i * vocabSize, (i + 1) * vocabSize)
    refuseNonFinite(result, vocabSize, first)
    const predictions = tokenIds.map((token, i) => {
      if (i > 0) return predict(row(i - 1), token, candidates)
      if (known) return known.prediction
      return sequence.lastLogits && predict(sequence.lastLogits, token, candidates)
    })
    known = null
    tokenIds.forEach((token, i) => records.push({ token, chosenBy, prediction: predictions[i]!, readings: result.readings[i]!, edited: result.edited[i]! }))
    sequence.lastLogits = row(tokenIds.length - 1).slice()
    report(first, records.length)
  }

  try {
    report(0, reusedTokens)
    const prefillStart = performance.now()
    while (records.length < promptIds.length) {
      await feed(promptIds.slice(records.length, chunkEnd(records.length, promptIds.length, sequence.state.hasStates)), null)
      sequence.state.remember()
    }
    const decodeStart = performance.now()
    const decodeFrom = resumed.done ? reusedTokens : records.length
    let end = decodeFrom
    while (!resumed.done && end < maxTokens && !isStop(end - 1)) {
      await feed([known?.token ?? sampleToken(sequence.lastLogits!, sampling, end)], key)
      end = records.length
    }
    return {
      reason: isStop(end - 1) ? 'stop' : 'length',
      reusedTokens,
      prefillMs: decodeStart - prefillStart,
      decodeMsPerToken: end > decodeFrom ? (performance.now() - decodeStart) / (end - decodeFrom) : 0,
      captured: capture?.finish() ?? null,
    }
  } finally {
    cache.keep(sequence)
  }
}

/**
 * Where the prompt's next chunk ends. The last token goes by itself when a state is to be kept before it: another run of the same prompt,
 * which chooses its first token anew, starts there.
 */
function chunkEnd(first: number, promptLength: number, keepsStates: boolean): number {
  const end = Math.min(first + CHUNK, promptLength)
  return keepsStates && end === promptLength && first < promptLength - 1 ? promptLength - 1 : end
}

/**
 * Throws InputError for logits that are not numbers: what comes of them looks like an answer and is none. One logit of a row tells, because
 * whatever is not finite in a residual spreads over all of them; and over the other positions of the chunk, so the lowest layer tells where.
 */
function refuseNonFinite({ logits, readings }: ForwardResult, vocabSize: number, first: number): void {
  if (readings.every((_, row) => Number.isFinite(logits[row * vocabSize]!))) return
  const places = readings.flatMap((byLayer, row) => Array.from(byLayer, ([layer, { norm }]) => ({ layer, row, norm }))).filter(({ norm }) => !Number.isFinite(norm))
  const [origin] = places.sort((a, b) => a.layer - b.layer || a.row - b.row)
  const where = origin === undefined ? `at one of the tokens ${first} to ${first + readings.length - 1}` : `at token ${first + origin.row}, in layer ${origin.layer} or before`
  throw new InputError(`model computes values that are not numbers ${where}`, 'take back an edit that is too strong; without edits the weights are damaged: download or copy them again')
}

function withError(report: TokenReport, errors: ReadonlyMap<number, number> | undefined): TokenReport {
  return errors && errors.size > 0 ? { ...report, reconstructionError: Object.fromEntries(errors) } : report
}

function predict(logits: Float32Array, token: number, candidates: number): Prediction {
  const normaliser = logSumExp(logits)
  return { logprob: logits[token]! - normaliser, candidates: likeliest(logits, candidates, normaliser) }
}
