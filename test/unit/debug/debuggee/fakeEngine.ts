// The engine's generate, read and inspect over the model of hashes: in order, in batches, to be cancelled between any two tokens.
import type { GenerateEvent, GenerateRequest, InspectRequest, Inspection, ReadEvent, ReadRequest, TokenReport } from '../../../../server/engine/engine'
import type { DebuggedEngine } from '../../../../server/debug/program'
import { CancelledError, InputError } from '../../../../server/protocol/errors'
import { FAKE_LAYERS, fakeChoice, fakeDistribution, fakeFeatures, fakePrediction, runFakeModel, startFakeModel, type FakePosition } from './fakeModel'

export interface FakeEngineOptions {
  /** Called between any two tokens; where a test pauses. */
  readonly onTick?: () => void
  /** Called with every request as it is served. */
  readonly onRequest?: (request: { readonly kind: 'generate' | 'read' | 'inspect'; readonly from: number; readonly end: number; readonly layers: readonly number[] }) => void
  /** Tokens that are reported together, by the position of the first; default 1 to 8. */
  readonly batch?: (position: number) => number
}

export function fakeEngine({ onTick = () => {}, onRequest = () => {}, batch = (position) => 1 + ((position * 5) % 8) }: FakeEngineOptions = {}): DebuggedEngine {
  let last: Promise<unknown> = Promise.resolve()
  const inOrder = <Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> => {
    const result = last.then(() => {
      if (signal.aborted) throw new CancelledError()
      return work()
    })
    last = result.catch(() => {})
    return result
  }
  const tick = async (signal: AbortSignal): Promise<void> => {
    onTick()
    await Promise.resolve()
    if (signal.aborted) throw new CancelledError()
  }

  async function generate(request: GenerateRequest, onEvent: (event: GenerateEvent) => void, signal: AbortSignal): Promise<Awaited<ReturnType<DebuggedEngine['generate']>>> {
    const { promptIds, givenIds = [], reportFrom = 0, sampling, stopIds, edits, promptPredictions } = request
    if (!(sampling.temperature >= 0 && sampling.temperature < Infinity)) throw new InputError(`temperature ${sampling.temperature} is out of range`, 'use 0 or more')
    const ids = [...promptIds, ...givenIds]
    const given = ids.length
    const feed = startFakeModel(promptIds.length, edits)
    const positions = ids.map(feed)
    onRequest({ kind: 'generate', from: reportFrom, end: given + request.generate, layers: request.layers })
    let reported = reportFrom
    const deliver = (end: number): void => {
      if (end <= reported) return
      onEvent({ kind: 'tokens', tokens: positions.slice(reported, end).map((_, i) => report(request, ids, positions, reported + i)) })
      reported = end
    }
    try {
      for (let end = 1; ; end++) {
        await tick(signal)
        if (end === ids.length) {
          const isStop = end > given && stopIds.includes(ids[end - 1]!)
          if (isStop || end >= given + request.generate) {
            deliver(end)
            if (promptPredictions) onEvent({ kind: 'predictions', first: 1, predictions: promptIds.slice(1).map((id, i) => fakePrediction(leavingAt(positions, i), id, request.alternatives)) })
            return { reason: isStop ? 'stop' : 'length', reusedTokens: 0, prefillMs: 0, decodeMsPerToken: 0, captured: null }
          }
          ids.push(fakeChoice(leavingAt(positions, end - 1), sampling, end))
          positions.push(feed(ids[end]!))
        }
        if (end - reported >= batch(reported)) deliver(end)
      }
    } catch (error) {
      // What was computed before it is shown.
      deliver(Math.min(positions.length, ids.length))
      throw error
    }
  }

  async function read({ tokenIds, promptLength, edits, layers, top, from = 0, predictions }: ReadRequest, onEvent: (event: ReadEvent) => void, signal: AbortSignal): Promise<void> {
    onRequest({ kind: 'read', from, end: tokenIds.length, layers })
    const positions = runFakeModel(tokenIds, promptLength, edits)
    for (const layer of layers.toSorted((a, b) => a - b)) {
      await tick(signal)
      const wanted = positions.slice(from)
      onEvent({ kind: 'layer', report: { layer, features: wanted.map(({ arriving }) => fakeFeatures(arriving[layer]!, top)), residualNorm: wanted.map(({ arriving }) => arriving[layer]! % 100) } })
    }
    if (!predictions) return
    const all = tokenIds.map((id, position) => (position === 0 ? null : fakePrediction(leavingAt(positions, position - 1), id, predictions.alternatives)))
    onEvent({ kind: 'predictions', predictions: all.slice(from) })
  }

  async function inspect({ tokenIds, promptLength, edits, layers, top, reconstructionLayers, lensLayers, candidates, residualLayers }: InspectRequest): Promise<Inspection> {
    onRequest({ kind: 'inspect', from: tokenIds.length - 1, end: tokenIds.length, layers })
    const { arriving, leaving } = runFakeModel(tokenIds, promptLength, edits).at(-1)!
    return {
      layers: layers.map((layer) => ({
        layer,
        features: fakeFeatures(arriving[layer]!, top),
        after: arriving[layer] === leaving[layer] ? null : fakeFeatures(leaving[layer]!, top),
        residualNorm: arriving[layer]! % 100,
        reconstructionError: reconstructionLayers.includes(layer) ? (arriving[layer]! % 50) / 100 : null,
      })),
      next: candidates > 0 ? fakeDistribution(leaving[FAKE_LAYERS - 1]!, candidates) : null,
      lens: lensLayers.map((layer) => ({ layer, ...fakeDistribution(leaving[layer]!, candidates) })),
      residuals: Object.fromEntries(residualLayers.map((layer) => [layer, Float32Array.from({ length: 4 }, (_, i) => (leaving[layer]! >>> (8 * i)) & 255)])),
    }
  }

  return {
    generate: (request, onEvent, signal) => inOrder(signal, () => generate(request, onEvent, signal)),
    read: (request, onEvent, signal) => inOrder(signal, () => read(request, onEvent, signal)),
    inspect: (request, signal) => inOrder(signal, () => inspect(request)),
  }
}

function report({ promptIds, layers, top, alternatives }: GenerateRequest, ids: readonly number[], positions: readonly FakePosition[], index: number): TokenReport {
  const { arriving, fired } = positions[index]!
  const generated = index >= promptIds.length
  const prediction = generated ? fakePrediction(leavingAt(positions, index - 1), ids[index]!, alternatives) : null
  return {
    index, id: ids[index]!, generated,
    logprob: prediction?.logprob ?? null, alternatives: prediction?.alternatives ?? [], entropy: prediction?.entropy ?? null, rank: prediction?.rank ?? null,
    features: Object.fromEntries(layers.map((layer) => [layer, fakeFeatures(arriving[layer]!, top)])), featuresAfterEdit: {},
    residualNorm: Object.fromEntries(layers.map((layer) => [layer, arriving[layer]! % 100])), fired,
  }
}

function leavingAt(positions: readonly FakePosition[], position: number): number {
  return positions[position]!.leaving[FAKE_LAYERS - 1]!
}
