// The engine itself, in the thread that calls it: one model, one request at a time. See engine.ts for what it promises.
import { memoryNow, type Memory } from '../checkpoint/machine'
import { CancelledError } from '../protocol/errors'
import type { Engine, GenerateRequest, InspectRequest, ReadRequest } from './engine'
import { planEdits, type EditPlan } from './editPlan'
import type { ForwardModel } from './forward'
import { generateTokens, layersToKeep } from './generation'
import { inspectToken } from './inspectToken'
import { readLayers } from './readLayers'
import { loadModel, type RunningModel } from './loadModel'
import { createPrefixCache, type PrefixCache } from './sequence/prefixCache'
import { checkInspectRequest, checkReadRequest, checkRequest, type CheckedModel } from './requestChecks'
import { refuseRunTooLarge } from './runMemory'

const CACHE_LIMIT_BYTES = 1024 ** 3

/** For how long it is taken for granted how much memory is free. */
const MEMORY_HOLDS_MS = 1000

/** Longer runs take so long that making room for them does not show. */
const MOST_PREPARED = 512

/** An engine that computes here: `run` calls block this thread. `cacheLimitBytes` bounds what is remembered between requests. */
export function createEngineCore(cacheLimitBytes = CACHE_LIMIT_BYTES): Engine {
  let loaded: { readonly model: RunningModel; readonly cache: PrefixCache } | null = null
  let last: Promise<unknown> = Promise.resolve()

  let waiting = 0
  /** Runs `work` when everything asked for earlier has ended. */
  const inOrder = <Result>(work: () => Promise<Result>): Promise<Result> => {
    waiting++
    const result = last.then(work).finally(() => waiting--)
    last = result.catch(() => {})
    return result
  }

  let measured: { readonly memory: Memory; readonly at: number } | null = null
  /** To ask the system takes as long as a step of a small model. */
  const recentMemory = async (): Promise<Memory> => {
    if (!measured || performance.now() - measured.at > MEMORY_HOLDS_MS) measured = { memory: await memoryNow(), at: performance.now() }
    return measured.memory
  }

  /** Makes room for another run of so many positions while nothing is asked for. */
  const prepareNext = (positions: number): void => {
    const steps = loaded!.model.decoder.prepare(Math.min(positions, MOST_PREPARED))
    const step = (): void => {
      if (waiting === 0 && loaded && !steps.next().done) setImmediate(step)
    }
    setImmediate(step)
  }

  const release = async (): Promise<void> => {
    const { model } = loaded ?? {}
    loaded = null
    await model?.release()
  }

  /** Checks a request over tokens that are known, and does `work` on what is remembered of them. */
  const onKnownTokens = <Request extends ReadRequest | InspectRequest, Result>(
    request: Request, signal: AbortSignal, check: (request: Request, model: CheckedModel) => void, work: (model: ForwardModel, cache: PrefixCache, edits: EditPlan) => Promise<Result>,
  ): Promise<Result> =>
    inOrder(async () => {
      if (signal.aborted) throw new CancelledError()
      if (!loaded) throw new Error('no model is loaded')
      const { description, decoder, saes } = loaded.model
      const shape = { layers: description.identity.layers, saeLayers: description.saeLayers }
      check(request, { ...shape, contextLength: description.contextLength, vocabSize: description.vocabSize })
      return work({ decoder, saes }, loaded.cache, planEdits(request.edits, { ...shape, dSae: description.sae?.dSae ?? null }, request.promptLength))
    })

  return {
    load: (request, onProgress, signal) =>
      inOrder(async () => {
        await release()
        const model = await loadModel(request, onProgress, signal)
        loaded = { model, cache: createPrefixCache(() => model.decoder.newState(), model.decoder.config.dModel, model.decoder.pool, cacheLimitBytes) }
        return model.description
      }),
    generate: (request: GenerateRequest, onEvent, signal) =>
      inOrder(async () => {
        if (signal.aborted) throw new CancelledError()
        if (!loaded) throw new Error('no model is loaded')
        const { description, decoder, saes } = loaded.model
        const shape = { layers: description.identity.layers, saeLayers: description.saeLayers }
        checkRequest(request, { ...shape, contextLength: description.contextLength, vocabSize: description.vocabSize })
        const edits = planEdits(request.edits, { ...shape, dSae: description.sae?.dSae ?? null }, request.promptIds.length)
        const { promptIds, givenIds = [], generate, capture } = request
        const known = promptIds.length + givenIds.length
        const keptLayers = layersToKeep(shape.layers, edits.layers, [...request.layers, ...edits.layers]).length
        const size = { knownTokens: known, generate, keptLayers, capture: capture && { layers: capture.residualLayers.length, logits: capture.logits } }
        refuseRunTooLarge(decoder.config, size, await recentMemory(), loaded.cache.bytes)
        const result = await generateTokens({ decoder, saes }, loaded.cache, request, edits, onEvent, signal)
        prepareNext(known + generate)
        return result
      }),
    read: (request: ReadRequest, onEvent, signal) =>
      onKnownTokens(request, signal, checkReadRequest, (running, cache, edits) => readLayers(running, cache, request, edits, onEvent, signal)),
    inspect: (request: InspectRequest, signal) =>
      onKnownTokens(request, signal, checkInspectRequest, (running, cache, edits) => inspectToken(running, cache, request, edits, signal)),
    memory: async () => ({ processBytes: process.memoryUsage.rss(), cacheBytes: loaded?.cache.bytes ?? 0 }),
    unload: () => inOrder(release),
    dispose: () => inOrder(release),
  }
}
