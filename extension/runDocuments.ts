// Run documents as read-only files of the scheme promptscope-run: streamed while a run goes on, read from the worker's store afterwards.
import * as vscode from 'vscode'
import { parseRunUri, RUN_SCHEME, runUri } from '../server/protocol/runUri'
import type { RunSummary } from '../server/protocol/requests'
import type { WorkerState } from './workerState'

// With it the text is read as UTF-8 whatever `files.encoding` says; the editor does not show it.
const BYTE_ORDER_MARK = '\uFEFF'
const encoder = new TextEncoder()

/** Registers the file system of run documents. A file system, because only its tabs come back after a window reload. */
export function registerRunDocuments(state: WorkerState): vscode.Disposable {
  const changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>()
  const content = async (uri: vscode.Uri): Promise<{ readonly bytes: Uint8Array; readonly changedAt: number }> => {
    const id = runIdOfDocument(uri)
    const text = id === null ? null : await state.runText(id)
    if (!text) throw vscode.FileSystemError.FileNotFound(uri)
    return { bytes: encoder.encode(BYTE_ORDER_MARK + text.text), changedAt: text.changedAt }
  }
  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changed.event,
    watch: () => new vscode.Disposable(() => undefined),
    stat: async (uri) => {
      const { bytes, changedAt } = await content(uri)
      return { type: vscode.FileType.File, ctime: 0, mtime: changedAt, size: bytes.length, permissions: vscode.FilePermission.Readonly }
    },
    readFile: async (uri) => (await content(uri)).bytes,
    readDirectory: () => [],
    createDirectory: readOnly,
    writeFile: readOnly,
    delete: readOnly,
    rename: readOnly,
  }
  return vscode.Disposable.from(
    changed,
    vscode.workspace.registerFileSystemProvider(RUN_SCHEME, provider, { isReadonly: true, isCaseSensitive: true }),
    state.onDidChangeRun(({ run, deleted }) => {
      changed.fire([{ type: deleted ? vscode.FileChangeType.Deleted : vscode.FileChangeType.Changed, uri: runDocumentUri(run) }])
    }),
  )
}

/** Where a run's document is. A branch of the debugger that was named anew stays where it was opened. */
export function runDocumentUri(run: RunSummary): vscode.Uri {
  const open = vscode.workspace.textDocuments.find(({ uri, isClosed }) => !isClosed && runIdOfDocument(uri) === run.id)
  return open?.uri ?? vscode.Uri.parse(runUri(run), true)
}

/** The run that a document belongs to, or null when it is no run document. */
export function runIdOfDocument(uri: vscode.Uri): string | null {
  return uri.scheme === RUN_SCHEME ? parseRunUri(uri.toString()) : null
}

/** The run document in the active editor, or null. */
export function activeRunId(): string | null {
  const uri = vscode.window.activeTextEditor?.document.uri
  return uri ? runIdOfDocument(uri) : null
}

/** Every visible editor of a run document, with its run. */
export function visibleRunEditors(): readonly { readonly editor: vscode.TextEditor; readonly runId: string }[] {
  return vscode.window.visibleTextEditors.flatMap((editor) => {
    const runId = runIdOfDocument(editor.document.uri)
    return runId === null ? [] : [{ editor, runId }]
  })
}

function readOnly(): never {
  throw vscode.FileSystemError.NoPermissions('run documents are read-only')
}
