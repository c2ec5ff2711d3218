// What the worker last said about the model, the edits and the runs, kept so that views and menus can draw without asking.
import * as vscode from 'vscode'
import {
  describeFeatures, getRun, layersRead, listRuns, modelChanged, modelState, pinsAndEdits, pinsAndEditsChanged, readingChanged, runChanged,
  type LayerReading, type ModelState, type PinsAndEdits, type RunDetail, type RunSummary,
} from '../server/protocol/requests'
import type { FeatureDescription, FeatureId } from '../server/protocol/values'
import { featureName } from './featureName'
import type { Worker } from './serverProcess'

/** What a run document holds while or after its run. */
export interface RunText {
  readonly text: string
  readonly generatedStart: number
  /** Milliseconds since 1970; grows with every change. */
  readonly changedAt: number
}

export interface RunChange {
  readonly run: RunSummary
  readonly deleted: boolean
  /** True the first time this run is heard of. */
  readonly isNew: boolean
}

export interface WorkerState extends vscode.Disposable {
  /** Null until the worker has answered. */
  readonly model: ModelState | null
  readonly edits: PinsAndEdits
  /** Newest first. */
  readonly runs: readonly RunSummary[]
  readonly onDidChangeModel: vscode.Event<ModelState>
  readonly onDidChangeEdits: vscode.Event<PinsAndEdits>
  /** One run began, grew, ended or was deleted. */
  readonly onDidChangeRun: vscode.Event<RunChange>
  /** The list was read anew, after a start of the worker. */
  readonly onDidReload: vscode.Event<void>
  /** What is being read of a run that has ended. */
  readonly reading: LayerReading | null
  readonly onDidChangeReading: vscode.Event<LayerReading | null>
  /** More of a run can be shown now; tells its id. */
  readonly onDidReadLayers: vscode.Event<string>
  run(id: string): RunSummary | undefined
  /** The document's text; asks the worker for a run that has not been streamed. Null when there is no such run. */
  runText(id: string): Promise<RunText | null>
  /** The newest run of a prompt file that has ended. */
  lastRunOf(promptUri: string): RunSummary | undefined
  /** All about a run; kept for the runs used last. Null when there is no such run. */
  runDetail(id: string): Promise<RunDetail | null>
  /** Labels and usual activations, kept while the model stays. */
  describe(features: readonly FeatureId[]): Promise<readonly FeatureDescription[]>
  /** Takes over a state that a request answered with, without waiting for its notification. */
  acceptEdits(state: PinsAndEdits): void
}

const NO_EDITS: PinsAndEdits = { pins: [], edits: [], undo: null }
// The tokens of a long run with their alternatives are a megabyte or more; a diff needs two of them.
const DETAILS_KEPT = 6
const TEXTS_KEPT = 40

/** Mirrors the worker's state; asks for it whenever the worker starts. */
export function createWorkerState(worker: Worker, log: vscode.LogOutputChannel): WorkerState {
  const modelEmitter = new vscode.EventEmitter<ModelState>()
  const editsEmitter = new vscode.EventEmitter<PinsAndEdits>()
  const runEmitter = new vscode.EventEmitter<RunChange>()
  const reloadEmitter = new vscode.EventEmitter<void>()
  const readingEmitter = new vscode.EventEmitter<LayerReading | null>()
  const layersEmitter = new vscode.EventEmitter<string>()
  let reading: LayerReading | null = null
  let model: ModelState | null = null
  let edits = NO_EDITS
  let runs: readonly RunSummary[] = []
  const texts = new Map<string, RunText>()
  const details = new Map<string, Promise<RunDetail | null>>()
  const descriptions = new Map<string, FeatureDescription>()

  const acceptModel = (state: ModelState): void => {
    if (modelPath(state) !== modelPath(model)) descriptions.clear()
    model = state
    modelEmitter.fire(state)
  }
  const acceptReading = (next: LayerReading | null): void => {
    reading = next
    readingEmitter.fire(next)
  }
  const acceptEdits = (state: PinsAndEdits): void => {
    edits = state
    editsEmitter.fire(state)
  }
  const acceptRun = (run: RunSummary, text: string | null, generatedStart: number): void => {
    const isNew = !runs.some(({ id }) => id === run.id)
    details.delete(run.id)
    if (text === null) {
      runs = runs.filter(({ id }) => id !== run.id)
      texts.delete(run.id)
    } else {
      runs = isNew ? [run, ...runs].sort(newestFirst) : runs.map((known) => (known.id === run.id ? run : known))
      keep(texts, run.id, { text, generatedStart, changedAt: Date.now() }, TEXTS_KEPT)
    }
    runEmitter.fire({ run, deleted: text === null, isNew })
  }
  const reload = async (): Promise<void> => {
    const [nextModel, nextEdits, nextRuns] = await Promise.all([worker.request(modelState, null), worker.request(pinsAndEdits, null), worker.request(listRuns, null)])
    runs = [...nextRuns].sort(newestFirst)
    texts.clear()
    details.clear()
    acceptReading(null)
    acceptModel(nextModel)
    acceptEdits(nextEdits)
    reloadEmitter.fire()
  }

  const subscriptions = [
    modelEmitter, editsEmitter, runEmitter, reloadEmitter, readingEmitter, layersEmitter,
    worker.onNotification(modelChanged, acceptModel),
    worker.onNotification(pinsAndEditsChanged, acceptEdits),
    worker.onNotification(runChanged, ({ summary, text, generatedStart }) => acceptRun(summary, text, generatedStart)),
    worker.onNotification(readingChanged, acceptReading),
    worker.onNotification(layersRead, ({ runId }) => {
      details.delete(runId)
      layersEmitter.fire(runId)
    }),
    worker.onDidChangeStatus((status) => {
      if (status === 'running') reload().catch((error: unknown) => log.error('The worker started but does not tell its state.', error))
    }),
  ]

  const runDetail = (id: string): Promise<RunDetail | null> => {
    const known = details.get(id)
    if (known) return known
    const asked = worker.request(getRun, { runId: id })
    void keep(details, id, asked, DETAILS_KEPT)
    asked.catch(() => void details.delete(id))
    return asked
  }

  return {
    get model() {
      return model
    },
    get edits() {
      return edits
    },
    get runs() {
      return runs
    },
    onDidChangeModel: modelEmitter.event,
    onDidChangeEdits: editsEmitter.event,
    onDidChangeRun: runEmitter.event,
    onDidReload: reloadEmitter.event,
    get reading() {
      return reading
    },
    onDidChangeReading: readingEmitter.event,
    onDidReadLayers: layersEmitter.event,
    run: (id) => runs.find((run) => run.id === id),
    lastRunOf: (promptUri) => runs.find((run) => run.promptUri !== null && sameUri(run.promptUri, promptUri) && run.status.kind !== 'running'),
    runText: async (id) => {
      const known = texts.get(id)
      if (known) return known
      const detail = await runDetail(id)
      if (!detail) return null
      const text = { text: detail.text, generatedStart: detail.generatedStart, changedAt: Date.parse(detail.createdAt) || 0 }
      // A streamed text that arrived meanwhile is newer.
      return texts.get(id) ?? keep(texts, id, text, TEXTS_KEPT)
    },
    runDetail,
    describe: async (features) => {
      const missing = features.filter((feature) => !descriptions.has(featureName(feature)))
      if (missing.length > 0) {
        for (const description of await worker.request(describeFeatures, { features: missing })) descriptions.set(featureName(description.feature), description)
      }
      return features.map((feature) => descriptions.get(featureName(feature)) ?? unknownFeature(feature))
    },
    acceptEdits,
    dispose: () => void vscode.Disposable.from(...subscriptions).dispose(),
  }
}

/** Whether two addresses mean the same file, however they are encoded. */
export function sameUri(a: string, b: string): boolean {
  return a === b || vscode.Uri.parse(a).toString() === vscode.Uri.parse(b).toString()
}

function unknownFeature(feature: FeatureId): FeatureDescription {
  return { feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null }
}

function modelPath(state: ModelState | null): string {
  if (state?.kind === 'ready') return `${state.model.path}|${state.sae?.path ?? ''}`
  return ''
}

function newestFirst(a: RunSummary, b: RunSummary): number {
  return b.createdAt.localeCompare(a.createdAt)
}

/** Adds to a map that forgets its oldest entries beyond `limit`. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value, limit: number): Value {
  map.delete(key)
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= limit) break
    map.delete(oldest)
  }
  return value
}
