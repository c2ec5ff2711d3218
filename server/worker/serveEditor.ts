// The worker as a language server: opens the stores, builds the services, and answers every message of protocol/requests.ts.
import { join } from 'node:path'
import { CodeActionKind, TextDocuments, TextDocumentSyncKind, type Connection, type InitializeParams, type InitializeResult } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import type { Engine } from '../engine/engine'
import type { FeatureLabels } from '../features/describe'
import { parseEditLine } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import * as requests from '../protocol/requests'
import type { ModelListing, WorkerOptions, WorkerSettings } from '../protocol/requests'
import type { FeatureDescription, FeatureId } from '../protocol/values'
import { detectFaults } from '../runs/detectors'
import { runDetailOf, type RunRecord } from '../protocol/runRecord'
import { featureHeat, greatestActivations } from '../runs/heat'
import { openRunStore } from '../store/runStore'
import { openStateStore } from '../store/stateStore'
import type { DownloadService } from './downloadService'
import { conditionWords } from './conditionWords'
import { createDebugRuns } from './debugRuns'
import { createDebugService, type DebugService } from './debugService'
import { createEditsService, type EditsService } from './editsService'
import { startEditorFeatures, type EditorFeatures } from './editorFeatures'
import { createFeatureService, type FeatureService } from './featureService'
import { createLayerNews, type LayerNews } from './layerNews'
import { createLayerService, type LayerService } from './layerService'
import { createModelService, type ModelLocation, type ModelService } from './modelService'
import * as change from './pinsAndEdits'
import type { RunChange } from './liveRecord'
import { readModelChoice } from './promptModelChoice'
import { createPrecisionService, storedPrecisionOf, type PrecisionParts, type PrecisionService } from './precisionService'
import type { PromptReader } from './promptReader'
import { notify, onRequest } from './requestHandlers'
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

interface Services {
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

/** Serves one editor over the connection; resolves when the editor has shut the server down. */
export function serveEditor(parts: WorkerParts): Promise<void> {
  const { connection } = parts
  const documents = new TextDocuments(TextDocument)
  return new Promise((resolve) => {
    connection.onInitialize(async (params): Promise<InitializeResult> => {
      const services = await openServices(parts, documents, params)
      answerRequests(connection, parts, services)
      connection.onShutdown(async () => {
        await services.close()
        resolve()
      })
      return {
        serverInfo: { name: 'promptscope' },
        capabilities: {
          textDocumentSync: TextDocumentSyncKind.Incremental,
          hoverProvider: true,
          codeLensProvider: { resolveProvider: false },
          codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
          completionProvider: { triggerCharacters: ['L', '/', '@', ' ', ':'] },
        },
      }
    })
    documents.listen(connection)
    connection.listen()
  })
}

async function openServices(parts: WorkerParts, documents: TextDocuments<TextDocument>, params: InitializeParams): Promise<Services> {
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

function answerRequests(connection: Connection, parts: WorkerParts, { edits, models, precisions, features, runs, debug, layers, layerNews, editor, showLayers }: Services): void {
  onRequest(connection, requests.settingsChanged, (settings) => {
    models.changeSettings(settings)
    return null
  })

  onRequest(connection, requests.modelState, () => models.state())
  onRequest(connection, requests.loadModel, async (_none, { signal, report }) => {
    await models.load(signal, report)
    return models.state()
  })
  onRequest(connection, requests.unloadModel, async () => {
    await models.unload()
    return models.state()
  })
  onRequest(connection, requests.listModels, (_none, { signal }) => parts.listModels(models.settings(), signal))

  onRequest(connection, requests.precisionChoices, () => precisions.choices())
  onRequest(connection, requests.measurePrecision, (_none, { signal, report }) => precisions.measure(signal, report))
  onRequest(connection, requests.listQuantised, () => precisions.list())
  onRequest(connection, requests.removeQuantised, async ({ folders }) => ({ bytes: await precisions.remove(folders) }))
  onRequest(connection, requests.verifyQuantised, ({ folder }, { signal, report }) => precisions.verify(folder, signal, report))

  onRequest(connection, requests.planDownload, (choice, { signal }) => parts.downloads.plan(choice, signal))
  onRequest(connection, requests.download, (choice, { signal, report }) => parts.downloads.download(choice, signal, report))

  onRequest(connection, requests.openDebugPipe, async () => ({ path: await debug.openPipe() }))
  onRequest(connection, requests.conditionWords, async () => conditionWords(edits.state(), await describeNow()))

  onRequest(connection, requests.startRun, (params, { signal, report }) => runs.start(params, signal, report))
  onRequest(connection, requests.rerun, ({ runId }, { signal, report }) => runs.rerun(runId, signal, report))
  onRequest(connection, requests.cancelRun, ({ runId }) => {
    runs.cancel(runId)
    return null
  })
  onRequest(connection, requests.listRuns, () => runs.list())
  onRequest(connection, requests.getRun, async ({ runId }) => {
    const run = await runs.detail(runId)
    return run && runDetailOf(run)
  })
  onRequest(connection, requests.readLayers, async (params, { signal, report }) => {
    try {
      await layers.read(params.runId, params.layers, signal, report)
      return null
    } finally {
      layerNews.flush()
    }
  })
  onRequest(connection, requests.cancelReading, ({ runId }) => {
    layers.cancel(runId)
    return null
  })
  onRequest(connection, requests.layersOnScreen, (params) => {
    showLayers(params.layers)
    return null
  })
  onRequest(connection, requests.deleteRun, async ({ runId }) => {
    await runs.remove(runId)
    return null
  })
  onRequest(connection, requests.restoreRun, () => runs.restore())
  onRequest(connection, requests.featureHeat, async ({ runId, feature }) => featureHeat(await existingRun(runId), feature))
  onRequest(connection, requests.runFaults, async ({ runId }) => {
    const run = await runs.detail(runId)
    return run ? detectFaults(run).map(({ kind, message, tokens }) => ({ kind, message, tokens })) : []
  })
  onRequest(connection, requests.tokenAt, async ({ uri, offset }) => {
    const found = await editor.locate(uri, offset)
    return found && { runId: found.run.id, index: found.token.index }
  })

  onRequest(connection, requests.pinsAndEdits, () => edits.state())
  onRequest(connection, requests.checkEdit, ({ line }) => {
    const { problem } = parseEditLine(line)
    return problem && { message: problem.message, remedy: problem.remedy }
  })
  onRequest(connection, requests.addEdit, ({ line }) => edits.change((state) => change.withEdit(state, line)))
  onRequest(connection, requests.removeEdit, ({ id }) => edits.change((state) => change.withoutEdit(state, id)))
  onRequest(connection, requests.enableEdit, ({ id, enabled }) => edits.change((state) => change.withEditEnabled(state, id, enabled)))
  onRequest(connection, requests.clearEdits, () => edits.change(change.withoutEdits))
  onRequest(connection, requests.importEdits, ({ text }) => edits.change((state) => change.withSteerFile(state, text)))
  onRequest(connection, requests.setPinned, ({ feature, pinned }) => edits.change((state) => change.withPin(state, feature, pinned)))
  onRequest(connection, requests.undoEdits, () => edits.change(change.undone))

  onRequest(connection, requests.describeFeatures, async (params) => {
    return params.features.map(await describeNow())
  })
  onRequest(connection, requests.tokenFeatures, async ({ runId, token }) => features.ofToken(await existingRun(runId), token))
  onRequest(connection, requests.greatestActivations, async (params) => greatestActivations(await existingRun(params.runId), params.features))
  onRequest(connection, requests.contrastFeatures, async ({ runId, tokens, count }) => features.contrast(await existingRun(runId), tokens, count))
  onRequest(connection, requests.checkSaeFit, async ({ runId }, { signal, report }) => features.saeFit(await existingRun(runId), signal, report))
  onRequest(connection, requests.proposeSuppressions, async ({ runId, count }, { signal, report }) => features.propose(await existingRun(runId), count, signal, report))

  /** By the labels of the loaded SAE set, else of the newest run's. */
  async function describeNow(): Promise<(feature: FeatureId) => FeatureDescription> {
    const state = models.state()
    return features.describer((state.kind === 'ready' ? state.sae?.path : runs.list()[0]?.sae?.path) ?? null)
  }

  async function existingRun(runId: string): Promise<RunRecord> {
    const run = await runs.detail(runId)
    if (!run) throw new InputError(`run ${runId} does not exist`, 'choose another run')
    return run
  }
}

function readOptions(options: unknown): WorkerOptions {
  const given = (options ?? {}) as Partial<WorkerOptions>
  return { storageFolder: given.storageFolder ?? null, settings: { ...DEFAULT_OPTIONS.settings, ...given.settings } }
}
