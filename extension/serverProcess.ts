// Starts, watches, restarts and stops the worker, and sends it typed requests. Nothing is loaded until the first request.
import * as vscode from 'vscode'
import type { LanguageClient, LanguageClientOptions } from 'vscode-languageclient/node'
import { linkableCommands } from '../server/protocol/editorCommands'
import { CancelledError, InputError } from '../server/protocol/errors'
import { ERROR_INPUT, type NotificationName, type RequestName, type WorkerOptions } from '../server/protocol/requests'
import { RUN_SCHEME } from '../server/protocol/runUri'
import { Language, SETTINGS_SECTION } from './contributions'

export type WorkerStatus = 'stopped' | 'starting' | 'running' | 'failed'

/** Told how long work goes on: words, and 0..100 when it can be told. */
export type ProgressReport = (progress: { readonly message?: string; readonly percentage?: number }) => void

/** The worker process as the rest of the extension sees it. */
export interface Worker extends vscode.Disposable {
  readonly status: WorkerStatus
  /** The worker's process id while it runs, for tests. */
  readonly processId: number | null
  /** Fires after each change of `status`; `running` also after a restart. */
  readonly onDidChangeStatus: vscode.Event<WorkerStatus>
  /** Starts the worker unless it runs. Rejects when it does not start. */
  start(): Promise<void>
  /** Ends the worker for good; resolves when it has written what it keeps. */
  stop(): Promise<void>
  /** Ends the worker, if it runs, and starts a new one. */
  restart(): Promise<void>
  /**
   * Sends a request, starting the worker first if needed. Rejects with InputError for bad input, CancelledError when
   * cancelled, WorkerStoppedError when the worker ended before it answered.
   */
  request<Params, Result>(name: RequestName<Params, Result>, params: Params, token?: vscode.CancellationToken, report?: ProgressReport): Promise<Result>
  onNotification<Params>(name: NotificationName<Params>, handler: (params: Params) => void): vscode.Disposable
}

/** The worker ended before it answered. */
export class WorkerStoppedError extends Error {
  override readonly name = 'WorkerStoppedError'
  constructor() {
    super('the worker stopped before it answered')
  }
}

export interface WorkerSetup {
  /** The worker's bundle. */
  readonly module: string
  /** Read at every start. */
  readonly options: () => WorkerOptions
  /** Variables of the worker's environment, read at every start: what must not cross the protocol, whose messages can be logged. */
  readonly environment: () => Promise<Readonly<Record<string, string>>>
  readonly log: vscode.LogOutputChannel
  /** Called when a hover of the worker's was shown. */
  readonly onHover: () => void
  /** Called when the worker ended unasked; `gaveUp` when it will not be restarted. */
  readonly onCrash: (gaveUp: boolean) => void
}

// A worker that ends this often within this time has a lasting fault; restarting it again only burns the machine.
const MAX_CRASHES = 4
const CRASH_WINDOW_MS = 3 * 60_000
const STOP_TIMEOUT_MS = 2_000
const REQUEST_CANCELLED = -32800
// Codes with which vscode-jsonrpc rejects what waits when the connection ends.
const CONNECTION_ENDED: readonly unknown[] = [-32097, -32099]

/** Creates the worker without starting it. */
export function createWorker(setup: WorkerSetup): Worker {
  const statusChanged = new vscode.EventEmitter<WorkerStatus>()
  const handlers = new Set<{ readonly method: string; readonly handle: (params: unknown) => void; attached: vscode.Disposable | null }>()
  let status: WorkerStatus = 'stopped'
  let client: LanguageClient | null = null
  let starting: Promise<LanguageClient> | null = null
  let disposed = false
  let requestCount = 0

  const setStatus = (next: WorkerStatus): void => {
    if (status === next) return
    status = next
    statusChanged.fire(next)
  }

  const create = async (): Promise<LanguageClient> => {
    const { CloseAction, ErrorAction, LanguageClient, State, TransportKind } = await import('vscode-languageclient/node')
    const crashes: number[] = []
    const options: LanguageClientOptions = {
      ...clientOptions(setup),
      errorHandler: {
        error: (_error, _message, count) => ({ action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true }),
        closed: () => {
          const now = Date.now()
          crashes.push(now)
          const gaveUp = disposed || crashes.filter((time) => now - time < CRASH_WINDOW_MS).length > MAX_CRASHES
          setup.log.error(gaveUp ? 'The worker stopped and is not restarted.' : 'The worker stopped and is restarted.')
          // The next request starts afresh.
          if (gaveUp) starting = null
          if (!disposed) setup.onCrash(gaveUp)
          return { action: gaveUp ? CloseAction.DoNotRestart : CloseAction.Restart, handled: true }
        },
      },
    }
    const env = { ORT_DISABLE_TELEMETRY: '1', ...(await setup.environment()) }
    const created = new LanguageClient(SETTINGS_SECTION, 'Promptscope', { module: setup.module, transport: TransportKind.ipc, options: { env } }, options)
    created.onDidChangeState(({ newState }) => {
      if (created !== client) return
      if (newState === State.Running) setStatus('running')
      else if (newState === State.Starting) setStatus('starting')
      else if (newState === State.StartFailed) setStatus('failed')
      else setStatus(disposed ? 'stopped' : 'failed')
    })
    for (const entry of handlers) entry.attached = created.onNotification(entry.method, entry.handle)
    return created
  }

  const start = (): Promise<LanguageClient> => {
    starting ??= (async () => {
      setStatus('starting')
      client = await create()
      await client.start()
      return client
    })().catch((error: unknown) => {
      starting = null
      setStatus('failed')
      throw error
    })
    return starting
  }

  const stop = async (): Promise<void> => {
    const old = client
    client = null
    starting = null
    for (const entry of handlers) entry.attached = null
    // A client that crashed or never started cannot be stopped; there is nothing left of it either.
    await old?.dispose(STOP_TIMEOUT_MS).catch(() => undefined)
  }

  return {
    get status() {
      return status
    },
    get processId() {
      // The client keeps its child process to itself.
      const child: unknown = client && Reflect.get(client, '_serverProcess')
      return typeof child === 'object' && child !== null && 'pid' in child && typeof child.pid === 'number' ? child.pid : null
    },
    onDidChangeStatus: statusChanged.event,
    start: async () => void (await start()),
    stop: async () => {
      disposed = true
      await stop()
    },
    restart: async () => {
      await stop()
      setStatus('stopped')
      await start()
    },
    request: async (name, params, token, report) => {
      const running = await start()
      if (token?.isCancellationRequested) throw new CancelledError()
      const workDoneToken = `${SETTINGS_SECTION}/${++requestCount}`
      const reports = report && (await listenToProgress(running, workDoneToken, report))
      try {
        return await running.sendRequest(name.method, report ? { ...params, workDoneToken } : params, token)
      } catch (error) {
        throw fromResponseError(error)
      } finally {
        reports?.dispose()
      }
    },
    onNotification: (name, handler) => {
      const entry = { method: name.method, handle: handler as (params: unknown) => void, attached: null as vscode.Disposable | null }
      handlers.add(entry)
      if (client) entry.attached = client.onNotification(entry.method, entry.handle)
      return new vscode.Disposable(() => {
        handlers.delete(entry)
        entry.attached?.dispose()
      })
    },
    dispose: () => {
      disposed = true
      void stop()
      statusChanged.dispose()
    },
  }
}

function clientOptions(setup: WorkerSetup): LanguageClientOptions {
  return {
    documentSelector: [
      { scheme: RUN_SCHEME },
      ...['file', 'untitled'].flatMap((scheme) => [
        { scheme, language: Language.prompt },
        { scheme, language: Language.steer },
        { scheme, pattern: '**/*.prompt.md' },
        // Plain files can be prompts too; the worker stays silent on those that were never run.
        { scheme, language: 'plaintext' },
        { scheme, language: 'markdown' },
      ]),
    ],
    outputChannel: setup.log,
    initializationOptions: setup.options,
    markdown: { isTrusted: { enabledCommands: linkableCommands }, supportHtml: false, supportThemeIcons: true },
    middleware: {
      provideHover: async (document, position, token, next) => {
        const hover = await next(document, position, token)
        if (hover) setup.onHover()
        return hover
      },
    },
  }
}

async function listenToProgress(client: LanguageClient, token: string, report: ProgressReport): Promise<vscode.Disposable> {
  const { WorkDoneProgress } = await import('vscode-languageclient/node')
  return client.onProgress(WorkDoneProgress.type, token, (progress) => {
    if (progress.kind !== 'end') report(progress)
  })
}

function fromResponseError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const { code, data } = error as { readonly code?: unknown; readonly data?: unknown }
  if (code === ERROR_INPUT) return new InputError(textOf(data, 'message') ?? error.message, textOf(data, 'remedy') ?? 'see the log')
  if (code === REQUEST_CANCELLED || error.name === 'CancellationError' || error.name === 'Canceled') return new CancelledError()
  if (CONNECTION_ENDED.includes(code)) return new WorkerStoppedError()
  return error
}

function textOf(data: unknown, key: string): string | null {
  const value: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, key) : null
  return typeof value === 'string' ? value : null
}
