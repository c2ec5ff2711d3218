// The host's half of the Scope panel: opens it, keeps it in step with runs, edits, heat and the editor's cursor, and does what it asks.
import * as vscode from 'vscode'
import {
  addEdit, cancelReading, cancelRun, describeFeatures, featureHeat, greatestActivations, readLayers, removeEdit, runFaults, setPinned, tokenFeatures, undoEdits, type RunDetail, type RunSummary,
} from '../../server/protocol/requests'
import { answer, connect, isReply, type Call, type Caller, type Reply } from '../../server/protocol/rpc'
import type { ScopeHostApi, ScopePanelApi, ScopeView } from '../../server/protocol/scopePanel'
import { Command, Language, SCOPE_PANEL } from '../contributions'
import { wideColumn } from '../editorGroups'
import type { Heat } from '../heat'
import { isModelLoaded } from '../layerReader'
import { activeRunId } from '../runDocuments'
import type { Worker } from '../serverProcess'
import type { TokenSelection } from '../tokenSelection'
import type { WorkerState } from '../workerState'
import { panelHtml } from './panelHtml'

export interface ScopePanel extends vscode.Disposable {
  /** Opens or reveals the panel on a run, at a token when one is given; without a run on the active or newest one. */
  open(runId: string | null, tokenIndex: number | null): Promise<void>
  /** Whether it is open, for tests. */
  readonly isOpen: boolean
  /** The run and token it shows, for tests. */
  readonly shown: { readonly runId: string | null; readonly token: number | null }
  /** Layers that are unfolded; none while it is closed. */
  readonly openLayers: readonly number[]
  readonly onDidChangeOpenLayers: vscode.Event<void>
}

export interface ScopeParts {
  readonly context: vscode.ExtensionContext
  readonly worker: Worker
  readonly state: WorkerState
  readonly heat: Heat
  readonly selection: TokenSelection
  readonly log: vscode.LogOutputChannel
  /** Runs a run again with the current edits and opens the new completion. */
  readonly rerun: (runId: string) => Promise<unknown>
}

// The trace of a streaming run is read at most this often, and no more than a fifth of the time is spent reading it: a large model's is megabytes.
const GROW_MS = 200
const GROW_PAUSE_FACTOR = 4
const REMEMBERED_RUN = 'scope.runId'

export function createScopePanel({ context, worker, state, heat, selection, log, rerun }: ScopeParts): ScopePanel {
  let panel: vscode.WebviewPanel | null = null
  let caller: Caller<ScopePanelApi> | null = null
  let isReady = false
  let runId: string | null = context.workspaceState.get<string>(REMEMBERED_RUN) ?? null
  let token: number | null = null
  // What the user chose to compare with; holds as long as the run shown descends from it.
  let comparedId: string | null = null
  let growTimer: ReturnType<typeof setTimeout> | undefined
  let growPauseMs = GROW_MS
  let openLayers: readonly number[] = []
  const openLayersChanged = new vscode.EventEmitter<void>()

  const tell = (send: (api: ScopePanelApi) => Promise<void>): void => {
    if (!caller || !isReady) return
    send(caller.api).catch((error: unknown) => log.debug('The Scope panel did not answer.', error))
  }

  const currentRun = async (): Promise<RunDetail | null> => {
    if (worker.status !== 'running') await worker.start()
    runId ??= activeRunId() ?? state.runs[0]?.id ?? null
    return runId === null ? null : state.runDetail(runId)
  }

  const viewOf = async (): Promise<ScopeView> => {
    const run = await currentRun()
    const ancestors = run ? ancestorsOf(state, run) : []
    const compared = ancestors.find(({ id }) => id === comparedId) ?? ancestors[0]
    const [original, faults] = await Promise.all([
      compared ? state.runDetail(compared.id) : null,
      run && run.status.kind !== 'running' ? worker.request(runFaults, { runId: run.id }) : [],
    ])
    return { run, original, ancestors, faults, selectedToken: run ? token : null, chosenFeature: heat.feature, pinsAndEdits: state.edits, reading: state.reading }
  }

  const showRun = async (id: string | null, index: number | null): Promise<void> => {
    if (id !== runId) token = null
    runId = id
    if (index !== null) token = index
    void context.workspaceState.update(REMEMBERED_RUN, id ?? undefined)
    if (!isReady) return
    const view = await viewOf()
    if (panel) panel.title = view.run ? `Scope: ${view.run.name}` : 'Scope'
    tell((api) => api.showView(view))
  }

  const readGrown = async (id: string): Promise<void> => {
    const startedAt = performance.now()
    const run = await state.runDetail(id)
    growPauseMs = Math.max(GROW_MS, GROW_PAUSE_FACTOR * (performance.now() - startedAt))
    if (run && run.id === runId && run.status.kind === 'running') tell((api) => api.growRun(run))
  }
  const grow = (id: string): void => {
    growTimer ??= setTimeout(() => {
      const reading = id === runId ? readGrown(id).catch(() => undefined) : Promise.resolve()
      void reading.then(() => (growTimer = undefined))
    }, growPauseMs)
  }

  const hostApi: ScopeHostApi = {
    ready: async () => {
      isReady = true
      const view = await viewOf()
      if (panel && view.run) panel.title = `Scope: ${view.run.name}`
      return view
    },
    selectToken: async (id, index) => {
      token = index
      await selection.select({ runId: id, index })
    },
    chooseFeature: (feature) => heat.show(feature),
    heat: (id, feature) => worker.request(featureHeat, { runId: id, feature }),
    tokenFeatures: (id, index) => worker.request(tokenFeatures, { runId: id, token: index }),
    greatest: (id, features) => worker.request(greatestActivations, { runId: id, features }),
    readLayers: async (id, layers, userAsks) => {
      const run = await state.runDetail(id)
      if (!run || (!userAsks && !isModelLoaded(state, run))) return
      await worker.request(readLayers, { runId: id, layers })
    },
    cancelReading: async (id) => void (await worker.request(cancelReading, { runId: id })),
    showLayers: async (layers) => {
      openLayers = layers
      openLayersChanged.fire()
    },
    describe: (features) => worker.request(describeFeatures, { features }),
    setPinned: async (feature, pinned) => state.acceptEdits(await worker.request(setPinned, { feature, pinned })),
    addEdit: async (line) => state.acceptEdits(await worker.request(addEdit, { line })),
    removeEdit: async (id) => state.acceptEdits(await worker.request(removeEdit, { id })),
    undoEdits: async () => state.acceptEdits(await worker.request(undoEdits, null)),
    // The panel compares the two completions itself.
    rerun: async (id) => void (await rerun(id)),
    compareWith: async (id) => {
      // The parent is what every run is compared with; only another choice outlasts a re-run.
      comparedId = id === (runId === null ? null : state.run(runId)?.parent?.runId) ? null : id
      await showRun(runId, null)
    },
    suggestSuppressions: async (id) => void (await vscode.commands.executeCommand(Command.suggestSuppressions, id)),
    cancelRun: async (id) => void (await worker.request(cancelRun, { runId: id })),
    openDiff: async (original, id) => void (await vscode.commands.executeCommand(Command.diffRuns, original, id)),
    runPrompt: async () => {
      const hasPrompt = vscode.window.visibleTextEditors.some(({ document }) => document.languageId === Language.prompt)
      await vscode.commands.executeCommand(hasPrompt ? Command.runPrompt : Command.openSamplePrompt)
    },
  }

  const attach = (next: vscode.WebviewPanel): void => {
    panel = next
    isReady = false
    next.iconPath = vscode.Uri.joinPath(context.extensionUri, 'media', 'promptscope.svg')
    next.webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview'), vscode.Uri.joinPath(context.extensionUri, 'media')] }
    const post = (message: Call | Reply): void => void next.webview.postMessage(message)
    const connected = connect<ScopePanelApi>(post)
    caller = connected
    next.webview.onDidReceiveMessage((message: Call | Reply) => {
      if (isReply(message)) connected.receive(message)
      else void answer(hostApi, message, post)
    })
    next.onDidDispose(() => {
      connected.close(new Error('the Scope panel was closed'))
      if (panel === next) {
        panel = null
        caller = null
        isReady = false
        openLayers = []
        openLayersChanged.fire()
      }
    })
    next.webview.html = panelHtml(next.webview, context.extensionUri, 'scope', 'Scope')
  }

  const subscriptions = [
    openLayersChanged,
    vscode.window.registerWebviewPanelSerializer(SCOPE_PANEL, { deserializeWebviewPanel: async (restored) => attach(restored) }),
    selection.onDidSelect(({ runId: id, index }) => {
      if (id !== runId) return void showRun(id, index)
      token = index
      tell((api) => api.selectToken(id, index))
    }),
    heat.onDidChange((feature) => tell((api) => api.showFeature(feature))),
    state.onDidChangeEdits((edits) => tell((api) => api.showPinsAndEdits(edits))),
    state.onDidChangeReading((reading) => tell((api) => api.showReading(reading))),
    state.onDidReadLayers((id) => void (panel && id === runId && showRun(id, null))),
    state.onDidChangeRun(({ run, isNew, deleted }) => {
      if (!panel) return
      if (deleted) return void (run.id === runId && showRun(null, null))
      if (isNew || (run.id === runId && run.status.kind !== 'running')) void showRun(run.id, null)
      else if (run.id === runId) grow(run.id)
    }),
    state.onDidReload(() => void (panel && showRun(runId, token))),
    vscode.window.onDidChangeActiveTextEditor(() => {
      const id = activeRunId()
      if (panel && id !== null && id !== runId) void showRun(id, null)
    }),
  ]

  return {
    open: async (id, index) => {
      if (panel) panel.reveal(undefined, true)
      else attach(vscode.window.createWebviewPanel(SCOPE_PANEL, 'Scope', { viewColumn: await wideColumn(), preserveFocus: true }, { enableScripts: true }))
      await showRun(id ?? activeRunId() ?? runId ?? state.runs[0]?.id ?? null, index)
    },
    get isOpen() {
      return panel !== null
    },
    get openLayers() {
      return openLayers
    },
    onDidChangeOpenLayers: openLayersChanged.event,
    get shown() {
      return { runId, token }
    },
    dispose: () => {
      clearTimeout(growTimer)
      panel?.dispose()
      vscode.Disposable.from(...subscriptions).dispose()
    },
  }
}

/** The run that a run came from, the one that came from, and so on, as far as they still exist. */
function ancestorsOf(state: WorkerState, run: RunSummary): readonly RunSummary[] {
  const parent = run.parent ? state.run(run.parent.runId) : undefined
  return parent ? [parent, ...ancestorsOf(state, parent)] : []
}
