// Marks exactly the token at which the debugger stands, by a frame and a colour: a solid frame on the token, a dotted one in its layers. The editor itself marks whole lines.
import * as vscode from 'vscode'
import { Colour } from '../contributions'
import { layerWords, type FramePlace } from './frameBook'
import type { DebugSessions } from './sessions'

export function registerCurrentToken(sessions: DebugSessions): vscode.Disposable {
  const [onToken, inLayer] = (['solid', 'dotted'] as const).map((style) =>
    vscode.window.createTextEditorDecorationType({
      backgroundColor: new vscode.ThemeColor(Colour.currentToken),
      border: `2px ${style}`,
      borderColor: new vscode.ThemeColor(Colour.currentTokenBorder),
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      overviewRulerColor: new vscode.ThemeColor(Colour.currentTokenBorder),
      overviewRulerLane: vscode.OverviewRulerLane.Full,
    }),
  ) as [vscode.TextEditorDecorationType, vscode.TextEditorDecorationType]
  const marked = new Set<vscode.TextEditor>()
  const mark = (): void => {
    const { focus } = sessions
    const editors = focus ? vscode.window.visibleTextEditors.filter(({ document }) => isAt(document.uri, focus.path)) : []
    for (const editor of marked) if (!editors.includes(editor)) [onToken, inLayer].forEach((type) => editor.setDecorations(type, []))
    marked.clear()
    for (const editor of editors) {
      const ranges = focus ? [rangeOf(focus)] : []
      const isLayer = focus !== null && layerWords(focus.name) !== null
      editor.setDecorations(onToken, isLayer ? [] : ranges)
      editor.setDecorations(inLayer, isLayer ? ranges : [])
      marked.add(editor)
    }
  }
  mark()
  return vscode.Disposable.from(onToken, inLayer, sessions.onDidChangeFocus(mark), vscode.window.onDidChangeVisibleTextEditors(mark))
}

function rangeOf({ line, column, endLine, endColumn }: FramePlace): vscode.Range {
  return new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1)
}

/** Whether a document is the one that a frame names: by path for a file, by address for anything else. */
function isAt(uri: vscode.Uri, path: string): boolean {
  const isAddress = /^[a-z][\w+.-]+:/i.test(path)
  return uri.scheme === 'file' ? !isAddress && uri.fsPath === vscode.Uri.file(path).fsPath : isAddress && uri.toString() === vscode.Uri.parse(path).toString()
}
