// What activate() hands to the tests that run inside the editor: the live parts, read-only, and one way to wait.
import type { ModelState, PinsAndEdits, RequestName, RunSummary } from '../server/protocol/requests'
import type { DebugSessions } from './debug/sessions'
import type { Heat } from './heat'
import type { ScopePanel } from './panels/scopePanel'
import type { Worker, WorkerStatus } from './serverProcess'
import type { StatusBar } from './statusBar'
import type { RegisteredView } from './views/registeredView'
import type { WorkerState } from './workerState'

export interface TestApi {
  workerStatus(): WorkerStatus
  readonly workerPid: number | null
  /** Sends a request to the worker, starting it if needed. */
  request<Params, Result>(name: RequestName<Params, Result>, params: Params): Promise<Result>
  model(): ModelState | null
  edits(): PinsAndEdits
  /** Newest first. */
  runs(): readonly RunSummary[]
  /** The next run that ends after this call. */
  nextRunEnded(): Promise<RunSummary>
  statusText(): string
  /** Stretches of text that heat paints now. */
  paintedRanges(): number
  scope(): { readonly isOpen: boolean; readonly runId: string | null; readonly token: number | null }
  /** Where the token that the debugger marks begins; null while nothing is stopped. */
  debugFocus(): { readonly path: string; readonly line: number; readonly column: number } | null
  /** Labels of a view's rows as the tree gives them, children indented below their parents. */
  viewRows(view: 'model' | 'edits' | 'runs'): Promise<readonly string[]>
}

export interface TestedParts {
  readonly worker: Worker
  readonly state: WorkerState
  readonly statusBar: StatusBar
  readonly heat: Heat
  readonly scope: ScopePanel
  readonly sessions: DebugSessions
  readonly views: { readonly [View in 'model' | 'edits' | 'runs']: RegisteredView }
}

export function createTestApi({ worker, state, statusBar, heat, scope, sessions, views }: TestedParts): TestApi {
  return {
    workerStatus: () => worker.status,
    get workerPid() {
      return worker.processId
    },
    request: (name, params) => worker.request(name, params),
    model: () => state.model,
    edits: () => state.edits,
    runs: () => state.runs,
    nextRunEnded: () =>
      new Promise((resolve) => {
        const subscription = state.onDidChangeRun(({ run, deleted }) => {
          if (deleted || run.status.kind === 'running') return
          subscription.dispose()
          resolve(run)
        })
      }),
    statusText: () => statusBar.text,
    paintedRanges: () => heat.paintedRanges,
    scope: () => ({ isOpen: scope.isOpen, ...scope.shown }),
    debugFocus: () => sessions.focus && { path: sessions.focus.path, line: sessions.focus.line, column: sessions.focus.column },
    viewRows: (view) => views[view].rows(),
  }
}
