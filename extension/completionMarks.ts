// Shows in a run document where the prompt ends and the completion begins, how the run ended, and keeps the end in sight while it grows.
import * as vscode from 'vscode'
import type { RunStatus } from '../server/protocol/requests'
import { Colour } from './contributions'
import { runIdOfDocument, visibleRunEditors } from './runDocuments'
import type { WorkerState } from './workerState'

/** Registers the marks of the completion in every visible run document. */
export function registerCompletionMarks(state: WorkerState, extensionUri: vscode.Uri): vscode.Disposable {
  const background = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor(Colour.completionBackground),
    overviewRulerColor: new vscode.ThemeColor(Colour.completionMarker),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
  })
  // A line before the first character and an arrow in the margin: inserted text would break the wrapping of long lines.
  const start = vscode.window.createTextEditorDecorationType({
    borderColor: new vscode.ThemeColor(Colour.completionMarker),
    borderStyle: 'solid',
    borderWidth: '0 0 0 2px',
    gutterIconSize: '75%',
    light: { gutterIconPath: vscode.Uri.joinPath(extensionUri, 'media', 'completion-light.svg') },
    dark: { gutterIconPath: vscode.Uri.joinPath(extensionUri, 'media', 'completion-dark.svg') },
  })
  const ending = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor('editorCodeLens.foreground'), fontStyle: 'italic', margin: '0 0 0 1.2em' },
  })

  const paint = async (editor: vscode.TextEditor, runId: string): Promise<void> => {
    const text = await state.runText(runId).catch(() => null)
    const status = state.run(runId)?.status
    if (!text || !status) return
    const { document } = editor
    // While it grows, the document may be one change behind the worker.
    const from = document.positionAt(text.generatedStart)
    const to = document.positionAt(Number.MAX_SAFE_INTEGER)
    const isEmpty = from.isEqual(to)
    editor.setDecorations(background, isEmpty ? [] : [new vscode.Range(from, to)])
    const firstCharacter = document.positionAt(text.generatedStart + 1)
    editor.setDecorations(start, [{ range: new vscode.Range(from, firstCharacter) }])
    const words = endingWords(status)
    editor.setDecorations(ending, words === null ? [] : [{ range: new vscode.Range(to, to), renderOptions: { after: { contentText: words } } }])
  }
  const paintAll = (): void => {
    for (const { editor, runId } of visibleRunEditors()) void paint(editor, runId)
  }

  const lastLines = new Map<string, number>()
  return vscode.Disposable.from(
    background, start, ending,
    vscode.window.onDidChangeVisibleTextEditors(paintAll),
    state.onDidReload(paintAll),
    state.onDidChangeRun(({ run }) => {
      for (const { editor, runId } of visibleRunEditors()) if (runId === run.id) void paint(editor, runId)
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      const runId = runIdOfDocument(document.uri)
      if (runId === null) return
      const before = lastLines.get(runId) ?? 0
      const lastLine = document.lineCount - 1
      lastLines.set(runId, lastLine)
      for (const visible of visibleRunEditors()) {
        if (visible.runId !== runId) continue
        void paint(visible.editor, runId)
        if (state.run(runId)?.status.kind === 'running') followEnd(visible.editor, before)
      }
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      const runId = runIdOfDocument(uri)
      if (runId !== null) lastLines.delete(runId)
    }),
  )
}

/** Scrolls to the new last line if the old one was in sight: whoever scrolled away stays where they are. */
function followEnd(editor: vscode.TextEditor, previousLastLine: number): void {
  const sawEnd = editor.visibleRanges.some(({ end }) => end.line >= previousLastLine)
  if (!sawEnd) return
  const end = editor.document.lineAt(editor.document.lineCount - 1).range.end
  editor.revealRange(new vscode.Range(end, end), vscode.TextEditorRevealType.Default)
}

/** What stands after the last token, in a word, because it cannot wrap; null when there is nothing to say. */
function endingWords(status: RunStatus): string | null {
  switch (status.kind) {
    case 'running':
      return '…'
    case 'paused':
    case 'done':
      return null
    case 'cancelled':
      return '■ cancelled'
    case 'failed':
      return '■ failed'
  }
}
