// An editor for tests: speaks the real language server protocol with a worker, in memory or in another process.
import { PassThrough } from 'node:stream'
import {
  createConnection, createProtocolConnection, ProposedFeatures, StreamMessageReader, StreamMessageWriter, WorkDoneProgress, type CancellationToken, type CodeAction, type CodeLens, type Diagnostic, type Hover,
  type CompletionItem, type ProtocolConnection,
} from 'vscode-languageserver/node'
import * as requests from '../../../server/protocol/requests'
import type { NotificationName, RequestName, WorkerSettings } from '../../../server/protocol/requests'
import type { WorkerParts } from '../../../server/worker/openServices'
import { serveEditor } from '../../../server/worker/serveEditor'
import { createFakeEngine, fakePromptReader, type FakeEngine } from './fakeEngine'

export type RunChange = Parameters<NonNullable<(typeof requests.runChanged)['types']>>[0]

export interface WorkerClient {
  readonly runChanges: RunChange[]
  readonly modelStates: requests.ModelState[]
  readonly editStates: requests.PinsAndEdits[]
  readonly readings: (requests.LayerReading | null)[]
  readonly layersRead: { readonly runId: string; readonly layers: readonly number[] }[]
  request<P, R>(name: RequestName<P, R>, params: P, token?: CancellationToken): Promise<R>
  /** Resolves with the first notification, from now on, that passes the test. */
  next<P>(name: NotificationName<P>, test: (params: P) => boolean): Promise<P>
  open(uri: string, text: string, languageId?: string): void
  change(uri: string, text: string): void
  hover(uri: string, text: string, at: string): Promise<Hover | null>
  lenses(uri: string): Promise<CodeLens[]>
  codeActions(uri: string, diagnostics: Diagnostic[]): Promise<CodeAction[]>
  complete(uri: string, line: number, character: number): Promise<CompletionItem[]>
  /** The problems of a document once they pass the test. */
  diagnostics(uri: string, test?: (problems: Diagnostic[]) => boolean): Promise<Diagnostic[]>
  /** The progress messages that come under a token while `act` runs, `end` last. */
  progressOf(token: string, act: () => Promise<unknown>): Promise<string[]>
  /** Asks the worker to shut down and waits until it has. */
  close(): Promise<void>
}

export const SETTINGS: WorkerSettings = {
  model: '/models/fake', sae: '/models/fake-sae', precision: 'exact', providers: [], layers: [], generate: 5, sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, modelFolders: [], cacheLimitBytes: null,
}

/** Starts a worker in this process, with an engine that computes nothing, on a storage folder or in memory, and initialises it. */
export async function startWorker(storageFolder: string | null = null, settings: Partial<WorkerSettings> = {}, change: Partial<WorkerParts> = {}): Promise<WorkerClient & { readonly engine: FakeEngine }> {
  const toWorker = new PassThrough()
  const toEditor = new PassThrough()
  const engine = createFakeEngine()
  const connection = createConnection(ProposedFeatures.all, new StreamMessageReader(toWorker), new StreamMessageWriter(toEditor))
  const served = serveEditor({ connection, ...fakeParts(engine), ...change })
  const editor = createProtocolConnection(new StreamMessageReader(toEditor), new StreamMessageWriter(toWorker))
  const client = await initialise(editor, storageFolder, settings)
  return {
    ...client,
    engine,
    async close() {
      await client.close()
      await served
    },
  }
}

/** What a worker is built from when nothing is to be computed. */
export function fakeParts(engine: FakeEngine): Omit<WorkerParts, 'connection'> {
  return {
    engine,
    onEngineDeath: () => {},
    locateModel: async ({ model, sae }) => ({ modelPath: model, saePath: sae === '' ? null : sae }),
    precisions: {
      choose: async () => 'q8',
      choices: async ({ modelPath }) => ({ model: modelPath, fits: [], auto: 'q8', freeBytes: 0, freeDiskBytes: 0 }),
      store: { list: async () => ({ folder: '/cache', entries: [] }), remove: async () => 0, verify: async () => true, withStored: async (_checkpoint, _sae, fits) => [...fits], listingsWithStored: async (listings) => [...listings], freeBytes: async () => 0, trim: async () => {} },
      openExactEngine: createFakeEngine,
      log: () => {},
    },
    openPromptReader: async () => fakePromptReader,
    readLabels: async () => new Map([['L1/1', { feature: { layer: 1, feature: 1 }, label: 'everywhere', tokens: [], density: 1, typicalActivation: 50, maxActivation: 60 }]]),
    listModels: async () => [],
    downloads: { plan: async () => Promise.reject(new Error('there is no hub')), download: async () => Promise.reject(new Error('there is no hub')) },
  }
}

/** Introduces the editor to the worker at the other end of the connection. */
export async function initialise(editor: ProtocolConnection, storageFolder: string | null, settings: Partial<WorkerSettings> = {}): Promise<WorkerClient> {
  const runChanges: RunChange[] = []
  const modelStates: requests.ModelState[] = []
  const editStates: requests.PinsAndEdits[] = []
  const readings: (requests.LayerReading | null)[] = []
  const layersRead: { readonly runId: string; readonly layers: readonly number[] }[] = []
  const waiting: { method: string; test: (params: never) => boolean; resolve: (params: never) => void }[] = []
  const diagnostics = new Map<string, Diagnostic[]>()
  const waitingForDiagnostics: (() => void)[] = []
  let versions = 1

  const listen = <P>(name: NotificationName<P>, kept: P[]): void => {
    editor.onNotification(name.method, (params: P) => {
      kept.push(params)
      for (const waiter of waiting.splice(0)) {
        if (waiter.method === name.method && waiter.test(params as never)) waiter.resolve(params as never)
        else waiting.push(waiter)
      }
    })
  }
  listen(requests.runChanged, runChanges)
  listen(requests.modelChanged, modelStates)
  listen(requests.pinsAndEditsChanged, editStates)
  listen(requests.readingChanged, readings)
  listen(requests.layersRead, layersRead)
  editor.onNotification('textDocument/publishDiagnostics', (params: { uri: string; diagnostics: Diagnostic[] }) => {
    diagnostics.set(params.uri, params.diagnostics)
    waitingForDiagnostics.splice(0).forEach((resolve) => resolve())
  })
  editor.listen()
  await editor.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {}, initializationOptions: { storageFolder, settings: { ...SETTINGS, ...settings } } })
  await editor.sendNotification('initialized', {})

  return {
    runChanges,
    modelStates,
    editStates,
    readings,
    layersRead,
    request: <P, R>(name: RequestName<P, R>, params: P, token?: CancellationToken) => sendRequest<R>(editor, name.method, params, token),
    next: <P>(name: NotificationName<P>, test: (params: P) => boolean) => new Promise<P>((resolve) => waiting.push({ method: name.method, test, resolve })),
    open: (uri, text, languageId = 'promptscope-prompt') => void editor.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId, version: 1, text } }),
    change: (uri, text) => void editor.sendNotification('textDocument/didChange', { textDocument: { uri, version: ++versions }, contentChanges: [{ text }] }),
    hover: (uri, text, at) => editor.sendRequest('textDocument/hover', { textDocument: { uri }, position: positionOf(text, text.indexOf(at)) }),
    lenses: (uri) => editor.sendRequest('textDocument/codeLens', { textDocument: { uri } }),
    codeActions: (uri, found) => editor.sendRequest('textDocument/codeAction', { textDocument: { uri }, range: found[0]!.range, context: { diagnostics: found } }),
    complete: (uri, line, character) => editor.sendRequest('textDocument/completion', { textDocument: { uri }, position: { line, character } }),
    async diagnostics(uri, test = () => true) {
      while (!diagnostics.has(uri) || !test(diagnostics.get(uri)!)) await new Promise<void>((resolve) => waitingForDiagnostics.push(resolve))
      return diagnostics.get(uri)!
    },
    async progressOf(token, act) {
      const messages: string[] = []
      const listener = editor.onProgress(WorkDoneProgress.type, token, (progress) => {
        const message = progress.kind === 'end' ? 'end' : (progress.message ?? '')
        if (messages.at(-1) !== message) messages.push(message)
      })
      await act()
      listener.dispose()
      return messages
    },
    async close() {
      await editor.sendRequest('shutdown')
      editor.dispose()
    },
  }
}

function sendRequest<R>(editor: ProtocolConnection, method: string, params: unknown, token?: CancellationToken): Promise<R> {
  return token ? editor.sendRequest<R>(method, params, token) : editor.sendRequest<R>(method, params)
}

function positionOf(text: string, offset: number): { line: number; character: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length - 1, character: before.at(-1)!.length }
}
