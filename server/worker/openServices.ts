// Opens the worker's stores and builds its services: who exists, and who tells whom.
import { join } from 'node:path'
import type { Connection, InitializeParams, TextDocuments } from 'vscode-languageserver/node'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import type { Engine } from '../engine/engine'
import type { FeatureLabels } from '../features/describe'
import * as requests from '../protocol/requests'
import type { ModelListing, WorkerOptions, WorkerSettings } from '../protocol/requests'
import { openRunStore } from '../store/runStore'
import { openStateStore } from '../store/stateStore'
import type { DownloadService } from './downloadService'
import { createDebugRuns } from './debugRuns'
import { createDebugService, type DebugService } from './debugService'
import { createEditsService, type EditsService } from './editsService'
import { startEditorFeatures, type EditorFeatures } from './editorFeatures'
import { createFeatureService, type FeatureService } from './featureService'
import { createLayerNews, type LayerNews } from './layerNews'
import { createLayerService, type LayerService } from './layerService'
import { createModelService, type ModelLocation, type ModelService } from './modelService'
import type { RunChange } from './liveRecord'
import { readModelChoice } from './promptModelChoice'
import { createPrecisionService, storedPrecisionOf, type PrecisionParts, type PrecisionService } from './precisionService'
import type { PromptReader } from './promptReader'
import { notify } from './requestHandlers'
import { readPromptDocument } from './readPromptDocument'
import { createRunService, type RunService } from './runService'
import { createThrottle } from './throttle'
import { withYieldingReads } from './yieldingReads'

/** What the language server is built from; the composition roots and tests decide. */
export interface WorkerParts {
  readonly connection: Connection
  /** Must cost nothing before its first call. */
  readonly engine: Engine
  /** Registers who is told when the engine has ended by itself. */
  onEngineDeath(listener: (reason: Error) => void): void
  /** The folders that the settings mean. */
  locateModel(settings: WorkerSettings): Promise<ModelLocation>
  openPromptReader(modelPath: string): Promise<PromptReader>
  readLabels(saePath: string): Promise<FeatureLabels>
  listModels(settings: WorkerSettings, signal: AbortSignal): Promise<readonly ModelListing[]>
  /** Opens no connection before it is asked to. */
  readonly downloads: DownloadService
  readonly precisions: PrecisionParts
}

/** For editors that send no options of ours: the demo model, nothing kept on disk. */
const DEFAULT_OPTIONS: WorkerOptions = {
  storageFolder: null,
  settings: { model: '', sae: '', precision: 'exact', providers: [], layers: [], generate: 64, sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, modelFolders: [], cacheLimitBytes: null },
}

/** News of what is read while layers are. */
const READING_INTERVAL_MS = 100

/** Everything that answers an editor. */
export interface Services {
  readonly edits: EditsService
  readonly models: ModelService
  readonly precisions: PrecisionService
  readonly features: FeatureService
  readonly runs: RunService
  readonly debug: DebugService
  readonly layers: LayerService
  readonly layerNews: LayerNews
  readonly showLayers: (layers: readonly number[]) => void
  readonly editor: EditorFeatures
  /** Ends runs under way, saves, and lets the engine go. */
  close(): Promise<void>
}

/** Services for one editor, who is told what changes over the connection. Loads nothing. */
export async function openServices(parts: WorkerParts, documents: TextDocuments<TextDocument>, params: InitializeParams): Promise<Services> {
  const { connection } = parts
  const engine = withYieldingReads(parts.engine)
  const options = readOptions(params.initializationOptions)
  const { storageFolder } = options
  const log = (message: string): void => connection.console.warn(message)
  const [state, store] = await Promise.all([openStateStore(storageFolder, log), openRunStore(storageFolder && join(storageFolder, 'runs'), log)])

  const edits = createEditsService(state, (next) => {
    notify(connection, requests.pinsAndEditsChanged, next)
    // They say with how many edits the next run is made.
    editor.refreshLenses(true)
  })
  const models = createModelService({
    engine,
    settings: options.settings,
    locate: (settings) => parts.locateModel(settings),
    choosePrecision: (modelPath) => parts.precisions.choose(modelPath),
    storedPrecision: storedPrecisionOf,
    trimCache: (limitBytes, keep) => parts.precisions.store.trim(limitBytes, keep),
    openReader: (modelPath) => parts.openPromptReader(modelPath),
    log,
    onChanged(next) {
      notify(connection, requests.modelChanged, next)
      debug.modelChanged()
      if (next.kind !== 'loading') editor.refreshDiagnostics()
    },
  })
  let onScreen: readonly number[] = []
  const layerNews = createLayerNews((runId, layers) => notify(connection, requests.layersRead, { runId, layers }))
  const precisions = createPrecisionService(parts.precisions, models, engine, () => parts.locateModel(models.settings()))
  const features = createFeatureService({ engine, models, readLabels: (saePath) => parts.readLabels(saePath), log })
  const onRunChanged = (next: RunChange): void => {
    notify(connection, requests.runChanged, next)
    const hasEnded = next.summary.status.kind !== 'running'
    editor.refreshLenses(hasEnded)
    if (hasEnded) editor.refreshDiagnostics()
  }
  const layersOnScreen = (): number[] => [...onScreen, ...edits.state().pins.map(({ layer }) => layer)]
  const debugRuns = createDebugRuns({ store, onChanged: onRunChanged, log })
  const runs = createRunService({
    engine,
    models,
    store,
    debugged: debugRuns,
    activeEdits: () => edits.active(),
    layersOnScreen,
    readModelChoice,
    log,
    onChanged: onRunChanged,
    onLayerRead: (runId, layer) => layerNews.add(runId, layer),
  })
  const tellReading = createThrottle(READING_INTERVAL_MS, () => notify(connection, requests.readingChanged, layers.state()))
  const layers = createLayerService({
    engine,
    models,
    endedRun: (runId, signal) => runs.ended(runId, signal),
    readingOf: (run, wanted) => runs.readingOf(run, wanted),
    addLayer: (runId, report, reading) => runs.addLayer(runId, report, reading),
    onReading: () => tellReading.request(),
    log,
  })
  const debug = createDebugService({
    engine: { generate: (...args) => engine.generate(...args), read: (...args) => engine.readAtOnce(...args), inspect: (...args) => engine.inspect(...args) },
    readLater: (...args) => engine.read(...args),
    models,
    debugRuns,
    listRuns: () => runs.list(),
    activeEdits: () => edits.active(),
    pins: () => edits.state().pins,
    layersOnScreen,
    wantLayers: (run, wanted) => layers.want(run, wanted),
    readPrompt: (path) => readPromptDocument(path, documents.all()),
    readModelChoice,
    describer: (saePath) => features.describer(saePath),
    log,
  })
  parts.onEngineDeath((reason) => debug.engineDied(reason))
  const editor = startEditorFeatures({
    connection,
    documents,
    canRefreshLenses: params.capabilities.workspace?.codeLens?.refreshSupport === true,
    runs,
    features,
    layers,
    modelState: () => models.state(),
    pinsAndEdits: () => edits.state(),
    listModels: (signal) => parts.listModels(models.settings(), signal),
  })
  const close = async (): Promise<void> => {
    await debug.close()
    await runs.close()
    await engine.dispose()
  }
  return { edits, models, precisions, features, runs, debug, layers, layerNews, editor, close, showLayers: (shown) => (onScreen = shown) }
}

function readOptions(options: unknown): WorkerOptions {
  const given = (options ?? {}) as Partial<WorkerOptions>
  return { storageFolder: given.storageFolder ?? null, settings: { ...DEFAULT_OPTIONS.settings, ...given.settings } }
}
