// Owns the runs: starts, queues, streams, cancels and keeps them. One run computes at a time; the others wait in line.
import type { Engine, LayerReport } from '../engine/engine'
import { checkPromptSize } from '../formats/promptSize'
import { CancelledError, InputError } from '../protocol/errors'
import type { RunStatus, RunSummary, StartRunParams, WorkerSettings } from '../protocol/requests'
import { summaryOf, type RunRecord } from '../protocol/runRecord'
import { mostActive, type Edit, type Progress } from '../protocol/values'
import { liveLayers } from '../runs/liveLayers'
import { buildGenerateRequest, mergeRunSettings, type RunChoices, type RunSettings } from '../runs/runSettings'
import { withLayer } from '../runs/withLayer'
import type { RunStore } from '../store/runStore'
import { orCancelled } from './abort'
import { fileNameOf } from '../editor/fileName'
import { WHOLE, type DebugRuns, type PartReading } from './debugRuns'
import type { Kept } from './layerService'
import type { ModelChoice, ModelService } from './modelService'
import { openLiveRecord, SAVE_INTERVAL_MS, SAVE_REST_FACTOR, type LiveRecord, type RunChange } from './liveRecord'
import { newRunId, nextRunName } from './runNames'
import { createThrottle, type Throttle } from './throttle'

/** Alternatives kept per token: more than a hover shows, enough for the panel. */
const ALTERNATIVES = 10

export interface RunService {
  /**
   * Runs a prompt; answers when the run has ended, however it ended. Rejects when there was nothing to run: the model or the prompt cannot be read.
   * A run of the same prompt that is under way or waiting is cancelled first: its answer is no longer wanted. Runs of other prompts are waited for.
   */
  start(params: StartRunParams, signal: AbortSignal, onProgress?: (progress: Progress) => void): Promise<RunSummary>
  /** Runs a run's prompt again, same sampling, seed and length, with the current edits. The run itself, if under way, is let to end first: it is what the new one is compared with. */
  rerun(runId: string, signal: AbortSignal, onProgress?: (progress: Progress) => void): Promise<RunSummary>
  /** Nothing happens when the run has ended; throws InputError, as `remove` rejects, for one that is being debugged. */
  cancel(runId: string): void
  remove(runId: string): Promise<void>
  restore(): Promise<RunSummary | null>
  /** Newest first. */
  list(): readonly RunSummary[]
  /** As far as it has come; null when there is no such run. */
  detail(runId: string): Promise<RunRecord | null>
  /** The same once the run has ended; rejects with CancelledError when the signal aborts. */
  ended(runId: string, signal: AbortSignal): Promise<RunRecord | null>
  /** What must be read of layers of a run: all tokens, but of a branch of the debugger those that are not known. */
  readingOf(run: RunRecord, layers: readonly number[]): PartReading
  /** Keeps a layer that was read of a run that stands or has ended. */
  addLayer(runId: string, report: LayerReport, reading: PartReading): Promise<Kept>
  /** The name of the run that computes while this one waits for its turn, or null. */
  waitsFor(runId: string): string | null
  /** The newest run of a prompt file whose text was exactly this. */
  findByPrompt(promptUri: string, text: string): RunSummary | null
  /** Cancels what is under way and resolves when everything is on disk. */
  close(): Promise<void>
}

export interface RunServiceParts {
  readonly engine: Engine
  readonly models: ModelService
  readonly store: RunStore
  /** The branches that are being debugged: they are listed and read like runs, but belong to their sessions. */
  readonly debugged: DebugRuns
  activeEdits(): readonly Edit[]
  /** Layers that are looked at or pinned, for models too large to read all layers while they generate. */
  layersOnScreen(): readonly number[]
  /** Which model the prompt file asks for itself, if any. */
  readModelChoice(promptUri: string, text: string): Promise<ModelChoice>
  onChanged(change: RunChange): void
  onLayerRead(runId: string, layer: number): void
  log(message: string): void
}

/** A run from the moment it is asked for. */
interface LiveRun {
  readonly promptUri: string
  readonly controller: AbortController
  readonly ended: Promise<unknown>
  record: LiveRecord | null
  /** Its turn has come. */
  isComputing: boolean
}

/** What to run, and as whose repetition. */
interface Plan {
  readonly promptUri: string
  readonly text: string
  readonly edits: readonly Edit[]
  /** Null for a fresh run: its sampling comes from settings and front matter. */
  readonly parent: RunSummary | null
}

export function createRunService(parts: RunServiceParts): RunService {
  const { engine, models, store, debugged } = parts
  const live = new Set<LiveRun>()
  let lastInLine: Promise<unknown> = Promise.resolve()

  const findLive = (runId: string): LiveRun | undefined => [...live].find(({ record }) => record?.id === runId)

  async function begin(plan: Plan, request: AbortSignal, onProgress: (progress: Progress) => void): Promise<RunSummary> {
    for (const other of live) {
      if (other.promptUri === plan.promptUri && other.record?.id !== plan.parent?.id) other.controller.abort()
    }
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    request.addEventListener('abort', abort, { once: true })
    if (request.aborted) abort()
    let end = (): void => {}
    const run: LiveRun = { promptUri: plan.promptUri, controller, record: null, isComputing: false, ended: new Promise<void>((resolve) => (end = resolve)) }
    live.add(run)
    try {
      return await carryOut(plan, run, controller.signal, onProgress)
    } finally {
      live.delete(run)
      request.removeEventListener('abort', abort)
      end()
    }
  }

  async function carryOut(plan: Plan, run: LiveRun, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<RunSummary> {
    checkPromptSize(plan.text.length, `prompt ${fileNameOf(plan.promptUri)}`)
    const parent = plan.parent && findLive(plan.parent.id)
    if (parent) await orCancelled(parent.ended, signal)
    const model = await models.load(signal, onProgress, await parts.readModelChoice(plan.promptUri, plan.text))
    const prompt = model.reader.read(plan.promptUri, plan.text)
    const chosen = settingsOf(plan, prompt.choices, models.settings())
    const onScreen = [...parts.layersOnScreen(), ...chosen.edits.map(({ feature }) => feature.layer)]
    const settings = chosen.layers.length > 0 ? chosen : { ...chosen, layers: liveLayers(model.loaded, onScreen) }
    const extent = { top: mostActive(model.loaded.sae), alternatives: ALTERNATIVES, capture: null }
    const request = buildGenerateRequest(settings, prompt.ids, model.loaded, extent)
    const { identity, sae, saeLayers, loadMs } = model.loaded
    const recorder = model.reader.createRecorder({
      id: newRunId(), name: nextRunName(store.list(), plan.promptUri), promptUri: plan.promptUri, createdAt: new Date().toISOString(), model: identity, sae,
      sampling: settings.sampling, generate: settings.generate, edits: settings.edits, layers: request.layers, saeLayers, parentRunId: plan.parent?.id ?? null, loadMs,
    }, prompt)
    const record = openLiveRecord(parts, recorder, plan.text, prompt.renderedText.length)
    run.record = record
    try {
      const result = await inTurn(signal, async () => {
        run.isComputing = true
        if (models.current() !== model) throw new InputError('model was changed before the run began', 'run the prompt again')
        return engine.generate(request, (event) => {
          if (event.kind === 'tokens') {
            record.add(event.tokens)
            const generated = event.tokens.at(-1)!.index + 1 - prompt.ids.length
            if (generated > 0) onProgress({ message: `generated ${generated} of at most ${settings.generate} tokens`, fraction: generated / settings.generate })
          } else if (event.kind === 'predictions') {
            record.addPredictions(event.first, event.predictions)
          } else onProgress({ message: `reading the prompt: ${event.done} of ${event.total} tokens`, fraction: event.done / event.total })
        }, signal)
      })
      const summary = await record.end({ kind: 'done', reason: result.reason }, result)
      models.noteRun(result.decodeMsPerToken).catch((error: unknown) => parts.log(String(error)))
      return summary
    } catch (error) {
      return await record.end(statusOf(error), null)
    }
  }

  /** Runs `work` when all work asked for earlier has ended. Giving up while waiting does not let later ones overtake. */
  async function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = lastInLine
    const result = orCancelled(before, signal).then(work)
    lastInLine = Promise.allSettled([before, result])
    return result
  }

  function statusOf(error: unknown): RunStatus {
    if (error instanceof CancelledError) return { kind: 'cancelled' }
    if (error instanceof InputError) return { kind: 'failed', message: error.message, remedy: error.remedy }
    parts.log(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return { kind: 'failed', message: `engine stopped: ${error instanceof Error ? error.message : String(error)}`, remedy: 'run the prompt again; the log tells more' }
  }

  function list(): RunSummary[] {
    const growing = new Map([...live].flatMap(({ record }) => (record ? [[record.id, record.summary()] as const] : [])))
    return store.list().map((summary) => growing.get(summary.id) ?? debugged.find(summary.id)?.summary() ?? summary)
  }

  function refuseDebugged(runId: string): void {
    const branch = debugged.find(runId)
    if (branch) throw new InputError(`run ${branch.summary().name} is being debugged`, 'pause or stop it with the debug toolbar')
  }

  const detail = async (runId: string): Promise<RunRecord | null> => findLive(runId)?.record?.detail() ?? debugged.find(runId)?.detail() ?? (await store.get(runId))?.detail ?? null

  const savesOfLayers = new Map<string, Throttle>()
  /** Layers of a finished run come one after the other; the file is written whole. */
  function saveSoon(runId: string): void {
    const save = async (): Promise<void> => {
      const run = store.cached(runId)
      if (run) await store.save(run).catch((error: unknown) => parts.log(`run ${run.detail.name} could not be saved: ${String(error)}`))
    }
    const throttle = savesOfLayers.get(runId) ?? createThrottle(SAVE_INTERVAL_MS, save, SAVE_REST_FACTOR)
    savesOfLayers.set(runId, throttle)
    throttle.request()
  }

  return {
    start: ({ promptUri, text }, signal, onProgress = () => {}) => begin({ promptUri, text, edits: parts.activeEdits(), parent: null }, signal, onProgress),
    async rerun(runId, signal, onProgress = () => {}) {
      const edits = parts.activeEdits()
      const parent = await store.get(runId)
      if (!parent) throw new InputError(`run ${runId} does not exist`, 'choose another run')
      const { promptUri } = parent.detail
      if (promptUri === null || parent.promptText === null) throw new InputError(`run ${parent.detail.name} was not made from a prompt file`, 'run a prompt file')
      return begin({ promptUri, text: parent.promptText, edits, parent: summaryOf(parent.detail) }, signal, onProgress)
    },
    cancel(runId) {
      refuseDebugged(runId)
      findLive(runId)?.controller.abort()
    },
    async remove(runId) {
      refuseDebugged(runId)
      const running = findLive(runId)
      running?.controller.abort()
      await running?.ended
      const summary = store.summary(runId)
      if (!summary) return
      await store.remove(runId)
      parts.onChanged({ summary, text: null, generatedStart: 0 })
    },
    async restore() {
      const summary = await store.restore()
      const run = summary && (await store.get(summary.id))
      if (run) parts.onChanged(changeOf(run.detail))
      return summary
    },
    list,
    detail,
    async ended(runId, signal) {
      await orCancelled(findLive(runId)?.ended ?? debugged.find(runId)?.standing() ?? Promise.resolve(), signal)
      return detail(runId)
    },
    readingOf: (run, layers) => debugged.find(run.id)?.readingOf(run, layers) ?? WHOLE,
    async addLayer(runId, report, reading) {
      const branch = debugged.find(runId)
      if (branch) {
        const kept = branch.addLayer(report, reading)
        if (kept === 'whole') parts.onLayerRead(runId, report.layer)
        return kept
      }
      const run = await store.get(runId)
      if (!run) return 'gone'
      store.keep({ ...run, detail: withLayer(run.detail, report) })
      saveSoon(runId)
      parts.onLayerRead(runId, report.layer)
      return 'whole'
    },
    waitsFor(runId) {
      const run = findLive(runId)
      if (!run || run.isComputing) return null
      return [...live].find(({ isComputing }) => isComputing)?.record?.summary().name ?? null
    },
    findByPrompt(promptUri, text) {
      const summary = store.findByPrompt(promptUri, text)
      return (summary && (findLive(summary.id)?.record ?? debugged.find(summary.id))?.summary()) ?? summary
    },
    async close() {
      for (const { controller } of live) controller.abort()
      await Promise.all([...live].map(({ ended }) => ended))
      await store.flush()
    },
  }
}

/** User settings first, then what the prompt file says; a repetition takes what decides the answer from the run that it repeats. */
function settingsOf({ edits, parent }: Plan, choices: RunChoices, settings: WorkerSettings): RunSettings {
  const user: RunChoices = { generate: settings.generate, ...settings.sampling, layers: settings.layers, edits }
  return parent ? mergeRunSettings(user, choices, { generate: parent.generate, ...parent.sampling }) : mergeRunSettings(user, choices)
}

function changeOf(detail: RunRecord): RunChange {
  return { summary: summaryOf(detail), text: detail.text, generatedStart: detail.generatedStart }
}
