// Follows the cursor from token to token in run documents and run prompts, and puts it on a token when the Scope panel asks.
import * as vscode from 'vscode'
import { tokenAt, type RunDetail } from '../server/protocol/requests'
import { runIdOfDocument } from './runDocuments'
import type { Worker } from './serverProcess'
import { sameUri, type WorkerState } from './workerState'

export interface TokenPlace {
  readonly runId: string
  readonly index: number
}

export interface TokenSelection extends vscode.Disposable {
  /** The user put the cursor on another token. Never fires for what `select` did. */
  readonly onDidSelect: vscode.Event<TokenPlace>
  /** Shows a token in the editor: in the run's document, or in its prompt when only that is visible. */
  select(place: TokenPlace): Promise<void>
}

// Holding an arrow key down must not send a request per repeat.
const SETTLE_MS = 60

export function createTokenSelection(worker: Worker, state: WorkerState): TokenSelection {
  const selected = new vscode.EventEmitter<TokenPlace>()
  let last: TokenPlace | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  const read = async ({ document, selection }: vscode.TextEditor): Promise<void> => {
    const mine = ++turn
    const place = await worker.request(tokenAt, { uri: document.uri.toString(), offset: document.offsetAt(selection.active) })
    if (mine !== turn || !place || (last?.runId === place.runId && last.index === place.index)) return
    last = place
    selected.fire(place)
  }

  const subscription = vscode.window.onDidChangeTextEditorSelection(({ textEditor, kind }) => {
    // Opening a document, going to a difference, or the panel itself also move the cursor; only the user's own moves count.
    if (worker.status !== 'running' || (kind !== vscode.TextEditorSelectionChangeKind.Mouse && kind !== vscode.TextEditorSelectionChangeKind.Keyboard)) return
    const { uri } = textEditor.document
    if (runIdOfDocument(uri) === null && !state.lastRunOf(uri.toString())) return
    clearTimeout(timer)
    timer = setTimeout(() => void read(textEditor).catch(() => undefined), SETTLE_MS)
  })

  return {
    onDidSelect: selected.event,
    select: async (place) => {
      last = place
      const detail = await state.runDetail(place.runId)
      const target = detail && editorFor(detail, place.index)
      if (!target) return
      const range = new vscode.Range(target.editor.document.positionAt(target.start), target.editor.document.positionAt(target.end))
      target.editor.selection = new vscode.Selection(range.end, range.start)
      target.editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport)
    },
    dispose: () => {
      clearTimeout(timer)
      vscode.Disposable.from(subscription, selected).dispose()
    },
  }
}

/** A visible editor that shows the token, and where; null when none does. */
function editorFor(detail: RunDetail, index: number): { readonly editor: vscode.TextEditor; readonly start: number; readonly end: number } | null {
  const token = detail.tokens[index]
  if (!token) return null
  const inRun = vscode.window.visibleTextEditors.find(({ document }) => runIdOfDocument(document.uri) === detail.id)
  if (inRun) return { editor: inRun, ...token.range }
  const { promptUri } = detail
  const inPrompt = promptUri === null ? undefined : vscode.window.visibleTextEditors.find(({ document }) => sameUri(document.uri.toString(), promptUri))
  return inPrompt && token.promptRange ? { editor: inPrompt, ...token.promptRange } : null
}
