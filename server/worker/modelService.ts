// Owns the loaded model: which one the settings mean, loading it when it is first needed, and what everyone is told about it.
import type { Engine, LoadedModel, LoadRequest } from '../engine/engine'
import { CancelledError, InputError } from '../protocol/errors'
import type { ModelState, StoredPrecision, WorkerSettings } from '../protocol/requests'
import type { Precision, Progress } from '../protocol/values'
import { orCancelled } from './abort'
import type { PromptReader } from './promptReader'

/** A model that is loaded, and the reader of its prompts. */
export interface ReadyModel {
  readonly loaded: LoadedModel
  readonly reader: PromptReader
}

export interface ModelService {
  state(): ModelState
  settings(): WorkerSettings
  /** The model that the settings mean, or what a prompt asks for in their place, loaded. Rejects with InputError when it cannot be, CancelledError when the signal aborts. */
  load(signal: AbortSignal, onProgress?: (progress: Progress) => void, choice?: ModelChoice): Promise<ReadyModel>
  /** What is loaded now; null while nothing is. */
  current(): ReadyModel | null
  unload(): Promise<void>
  /** A model that is loaded, loading or failed gives way to another at once when the new settings mean another. */
  changeSettings(settings: WorkerSettings): void
  /** Tells how fast a run was; memory is measured again. */
  noteRun(decodeMsPerToken: number): Promise<void>
  /** Tells that the cost of the loaded model's precision was measured. */
  noteCost(): Promise<void>
}

/** Settings that a prompt or a debug launch overrides. */
export type ModelChoice = Partial<Pick<WorkerSettings, 'model' | 'sae' | 'precision'>>

/** Folders of a model and of its SAE set, null for none. */
export interface ModelLocation {
  readonly modelPath: string
  readonly saePath: string | null
}

export interface ModelServiceParts {
  readonly engine: Engine
  readonly settings: WorkerSettings
  locate(settings: WorkerSettings): Promise<ModelLocation>
  /** What `auto` means for a model now. */
  choosePrecision(modelPath: string): Promise<Precision>
  /** What is known of a model's weights on disk; null where it has none but the stored ones. */
  storedPrecision(loaded: LoadedModel): Promise<StoredPrecision | null>
  /** Deletes quantised weights until the others take no more; `keep` stays. */
  trimCache(limitBytes: number, keep: string): Promise<void>
  /** Must read nothing but the folder's small files. */
  openReader(modelPath: string): Promise<PromptReader>
  onChanged(state: ModelState): void
  log(message: string): void
}

interface Loading {
  readonly key: string
  readonly promise: Promise<ReadyModel>
  readonly controller: AbortController
  readonly listeners: Set<(progress: Progress) => void>
  waiting: number
}

export function createModelService(parts: ModelServiceParts): ModelService {
  const { engine } = parts
  let settings = parts.settings
  let state: ModelState = { kind: 'none' }
  let ready: (ReadyModel & { readonly key: string }) | null = null
  let loading: Loading | null = null

  function tell(next: ModelState): void {
    state = next
    parts.onChanged(next)
  }

  async function load(signal: AbortSignal, onProgress?: (progress: Progress) => void, choice: ModelChoice = {}): Promise<ReadyModel> {
    const wanted = { ...settings, ...choice }
    const key = keyOf(wanted)
    if (ready?.key === key) return ready
    if (loading?.key !== key) {
      loading?.controller.abort()
      loading = startLoading(key, wanted)
    }
    const joined = loading
    if (onProgress) joined.listeners.add(onProgress)
    joined.waiting++
    try {
      return await orCancelled(joined.promise, signal)
    } finally {
      if (onProgress) joined.listeners.delete(onProgress)
      // The last one to give up stops the work itself.
      if (--joined.waiting === 0) joined.controller.abort()
    }
  }

  function startLoading(key: string, wanted: WorkerSettings): Loading {
    const controller = new AbortController()
    const listeners = new Set<(progress: Progress) => void>()
    const started: Loading = { key, controller, listeners, waiting: 0, promise: loadNow(key, wanted, controller.signal, listeners, () => loading === started) }
    // Everyone who waits is told; a load that nobody waits for any more has no one to tell.
    started.promise.catch(() => {})
    return started
  }

  async function loadNow(key: string, wanted: WorkerSettings, signal: AbortSignal, listeners: Loading['listeners'], isLatest: () => boolean): Promise<ReadyModel> {
    ready = null
    let path = wanted.model
    try {
      const { modelPath, saePath } = await parts.locate(wanted)
      path = modelPath
      const precision = wanted.precision === 'auto' ? await parts.choosePrecision(modelPath) : wanted.precision
      const request: LoadRequest = { modelPath, saePath, precision, providers: wanted.providers, threads: null }
      const report = (progress: Progress): void => {
        if (!isLatest() || signal.aborted) return
        tell({ kind: 'loading', path, progress })
        listeners.forEach((listener) => listener(progress))
      }
      report({ message: 'reading the model folder', fraction: null })
      const reader = await parts.openReader(modelPath)
      const loaded = await engine.load(request, report, signal)
      for (const fallback of loaded.fallbacks) parts.log(fallback)
      if (loaded.weightsCache?.written && wanted.cacheLimitBytes !== null) await parts.trimCache(wanted.cacheLimitBytes, loaded.weightsCache.folder)
      const model = { key, loaded, reader }
      if (isLatest()) {
        ready = model
        tell(await describe(loaded, null))
      }
      return model
    } catch (error) {
      if (isLatest()) tell(error instanceof CancelledError ? { kind: 'none' } : failure(path, error, (message) => parts.log(message)))
      throw error
    } finally {
      if (isLatest()) loading = null
    }
  }

  async function describe(loaded: LoadedModel, tokensPerSecond: number | null): Promise<ModelState> {
    const { name, identity, sae, saeOrigin, pairing, saeLayers, contextLength, parameters, loadMs, fallbacks } = loaded
    const { processBytes } = await engine.memory()
    const quantised = await parts.storedPrecision(loaded)
    return { kind: 'ready', name, model: identity, sae, saeOrigin, pairing, saeLayers, contextLength, parameters, loadMs, fallbacks, memoryBytes: processBytes, tokensPerSecond, quantised }
  }

  /** Tells the loaded model anew; without a new speed, with the one that was known. */
  async function tellAgain(newSpeed: number | null): Promise<void> {
    const described = ready
    if (!described) return
    const next = await describe(described.loaded, newSpeed ?? (state.kind === 'ready' ? state.tokensPerSecond : null))
    if (ready === described) tell(next)
  }

  return {
    state: () => state,
    settings: () => settings,
    load,
    current: () => ready,
    async unload() {
      loading?.controller.abort()
      loading = null
      ready = null
      await engine.unload()
      tell({ kind: 'none' })
    },
    changeSettings(next) {
      const isOther = keyOf(next) !== keyOf(settings)
      settings = next
      if (isOther && state.kind !== 'none') load(new AbortController().signal).catch((error: unknown) => parts.log(String(error)))
    },
    noteRun: (decodeMsPerToken) => tellAgain(decodeMsPerToken > 0 ? 1000 / decodeMsPerToken : null),
    noteCost: () => tellAgain(null),
  }
}

/** Two settings with the same key mean the same loaded model. */
function keyOf({ model, sae, precision, providers }: WorkerSettings): string {
  return JSON.stringify([model, sae, precision, providers])
}

function failure(path: string, error: unknown, log: (message: string) => void): ModelState {
  if (error instanceof InputError) return { kind: 'failed', path, message: error.message, remedy: error.remedy }
  log(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return { kind: 'failed', path, message: `model could not be loaded: ${error instanceof Error ? error.message : String(error)}`, remedy: 'read the log, then load it again' }
}
