// The worker as a language server: answers every message of protocol/requests.ts.
import { CodeActionKind, TextDocuments, TextDocumentSyncKind, type Connection, type InitializeResult } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parseEditLine } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import * as requests from '../protocol/requests'
import type { FeatureDescription, FeatureId } from '../protocol/values'
import { detectFaults } from '../runs/detectors'
import { runDetailOf, type RunRecord } from '../protocol/runRecord'
import { featureHeat, greatestActivations } from '../runs/heat'
import { conditionWords } from './conditionWords'
import { openServices, type Services, type WorkerParts } from './openServices'
import * as change from './pinsAndEdits'
import { onRequest } from './requestHandlers'

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
