// The extension's entry: activate() lists everything that is registered, in reading order. Nothing heavy is loaded before it is used.
import * as vscode from 'vscode'
import { settingsChanged } from '../server/protocol/requests'
import { RUN_SCHEME } from '../server/protocol/runUri'
import type { FeatureId } from '../server/protocol/values'
import { createDebugCommands } from './commands/debug'
import { createDownloadCommands } from './commands/download'
import { createEditCommands } from './commands/edits'
import { createFeatureCommands } from './commands/features'
import { createHelpCommands } from './commands/help'
import { createLayerCommands } from './commands/layers'
import { createModelCommands } from './commands/model'
import { createPrecisionCommands } from './commands/precision'
import { registerCommands } from './commands/registerCommands'
import { createRunCommands } from './commands/runs'
import { createSaeFitCommands } from './commands/saeFit'
import { createScopeCommands } from './commands/scope'
import { registerCompletionMarks } from './completionMarks'
import { registerContextKeys } from './contextKeys'
import { Command, ContextKey, Language } from './contributions'
import { registerDebugger } from './debug/debugger'
import { createDebugSessions } from './debug/sessions'
import { createHeat, type Heat } from './heat'
import { hubEnvironment } from './hubToken'
import { createLayerReader } from './layerReader'
import { registerLayersOnScreen } from './layersOnScreen'
import { createScopePanel } from './panels/scopePanel'
import { registerPrecisionMeasure } from './precisionMeasure'
import { offer, SHOW_LOG, showProblem } from './problems'
import { registerRunDocuments } from './runDocuments'
import { createWorker, type Worker } from './serverProcess'
import { onDidChangeSettings, readSettings } from './settings'
import { createStatusBar } from './statusBar'
import { createTestApi, type TestApi } from './testApi'
import { createTokenSelection } from './tokenSelection'
import { registerUsageNotice } from './usageNotice'
import { registerModelView } from './views/modelView'
import { registerPinsAndEditsView } from './views/pinsAndEditsView'
import { registerRunsView } from './views/runsView'
import { createWorkerState } from './workerState'

const KEPT_HEAT = 'heat.feature'

// The one thing that must outlive activate(): the editor waits for what deactivate() returns.
let activeWorker: Worker | null = null

/** Registers everything and returns the hooks of the in-editor tests. The worker starts when something first needs it. */
export function activate(context: vscode.ExtensionContext): TestApi {
  const log = vscode.window.createOutputChannel('Promptscope', { log: true })
  const worker = createWorker({
    module: vscode.Uri.joinPath(context.extensionUri, 'dist', 'main.js').fsPath,
    options: () => ({ storageFolder: (context.storageUri ?? context.globalStorageUri).fsPath, settings: readSettings() }),
    environment: () => hubEnvironment(context.secrets),
    log,
    onHover: () => void vscode.commands.executeCommand('setContext', ContextKey.tokenHovered, true),
    onCrash: sayWorkerStopped,
  })
  activeWorker = worker
  const state = createWorkerState(worker, log)
  const layers = createLayerReader(worker)
  const heat = createHeat(worker, state, layers, log)
  const selection = createTokenSelection(worker, state)
  const runs = createRunCommands(worker, state, log)
  const sessions = createDebugSessions(log)
  const scope = createScopePanel({ context, worker, state, heat, selection, log, rerun: (runId) => runs.rerunAndCompare(runId, 'inPlace') })

  const modelView = registerModelView(worker, state)
  const editsView = registerPinsAndEditsView(worker, state)
  const runsView = registerRunsView(state, sessions)
  const statusBar = createStatusBar(worker, state, heat)

  context.subscriptions.push(
    log, worker, state, heat, selection, scope, statusBar,
    modelView.view, editsView.view, runsView.view,
    registerRunDocuments(state),
    registerCompletionMarks(state, context.extensionUri),
    registerContextKeys(state, heat),
    registerDebugger(worker, state, sessions),
    keepHeat(context, heat),
    registerLayersOnScreen(worker, heat, scope, log),
    registerUsageNotice(context, state),
    registerPrecisionMeasure(worker, state, log),
    registerCommands(
      {
        ...runs.handlers,
        ...createFeatureCommands(worker, state, heat, layers, runs),
        ...createEditCommands(worker, state),
        ...createDebugCommands(worker, state, sessions),
        ...createScopeCommands(state, scope),
        ...createSaeFitCommands(worker, state),
        ...createLayerCommands(state, layers),
        ...createModelCommands(worker, state, heat, log),
        ...createPrecisionCommands(worker, state),
        ...createDownloadCommands(context.secrets, worker, log),
        ...createHelpCommands(context, worker, state, log),
      },
      log,
    ),
    onDidChangeSettings(() => {
      if (worker.status === 'running') worker.request(settingsChanged, readSettings()).catch((error: unknown) => showProblem(error, log))
    }),
    ...startWhenWanted(worker, log, [modelView.view, editsView.view, runsView.view]),
  )
  return createTestApi({ worker, state, statusBar, heat, scope, sessions, views: { model: modelView, edits: editsView, runs: runsView } })
}

/** Lets the worker end in its own time, so that it keeps what it was writing. */
export async function deactivate(): Promise<void> {
  await activeWorker?.stop()
}

/** Shows the same feature's heat again after a window reload. */
function keepHeat({ workspaceState }: vscode.ExtensionContext, heat: Heat): vscode.Disposable {
  const kept = workspaceState.get<FeatureId>(KEPT_HEAT)
  if (kept) void heat.restore(kept)
  return heat.onDidChange((feature) => void workspaceState.update(KEPT_HEAT, feature ?? undefined))
}

/** Starts the worker once a prompt, .steer or run document is open or one of our views is seen. */
function startWhenWanted(worker: Worker, log: vscode.LogOutputChannel, views: readonly vscode.TreeView<unknown>[]): vscode.Disposable[] {
  const start = (): void => {
    if (worker.status !== 'stopped') return
    worker.start().catch((error: unknown) => {
      log.error(error instanceof Error ? error : String(error))
      offer(vscode.window.showErrorMessage('Promptscope’s worker did not start.', 'Restart', SHOW_LOG.title), { title: 'Restart', command: Command.restartWorker }, SHOW_LOG)
    })
  }
  const isOurs = ({ languageId, uri }: vscode.TextDocument): boolean =>
    languageId === Language.prompt || languageId === Language.steer || uri.scheme === RUN_SCHEME || uri.path.endsWith('.prompt.md')
  if (vscode.workspace.textDocuments.some(isOurs) || views.some(({ visible }) => visible)) setImmediate(start)
  return [
    vscode.workspace.onDidOpenTextDocument((document) => {
      if (isOurs(document)) start()
    }),
    ...views.map((view) =>
      view.onDidChangeVisibility(({ visible }) => {
        if (visible) start()
      }),
    ),
  ]
}

function sayWorkerStopped(gaveUp: boolean): void {
  if (gaveUp) offer(vscode.window.showErrorMessage('Promptscope’s worker stopped again and again. Your edits, pins and runs are kept.', 'Restart', SHOW_LOG.title), { title: 'Restart', command: Command.restartWorker }, SHOW_LOG)
  else offer(vscode.window.showWarningMessage('Promptscope’s worker stopped and was started again. Your edits, pins and runs are kept; a run in progress was not finished.', SHOW_LOG.title), SHOW_LOG)
}
