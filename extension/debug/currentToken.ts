// Marks exactly the token at which the debugger stands, by a frame and a colour, and says in which layer; the editor itself marks only whole lines.
import * as vscode from 'vscode'
import { Colour } from '../contributions'
import type { FramePlace } from './frameBook'
import type { DebugSessions } from './sessions'

export function registerCurrentToken(sessions: DebugSessions): vscode.Disposable {
  const type = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor(Colour.currentToken),
    border: '2px solid',
    borderColor: new vscode.ThemeColor(Colour.currentTokenBorder),
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    overviewRulerColor: new vscode.ThemeColor(Colour.currentTokenBorder),
    overviewRulerLane: vscode.OverviewRulerLane.Full,
  })
  const marked = new Set<vscode.TextEditor>()
  const mark = (): void => {
    const { focus } = sessions
    const editors = focus ? vscode.window.visibleTextEditors.filter(({ document }) => isAt(document.uri, focus.path)) : []
    for (const editor of marked) if (!editors.includes(editor)) editor.setDecorations(type, [])
    marked.clear()
    for (const editor of editors) {
      if (focus) editor.setDecorations(type, [decoration(focus)])
      marked.add(editor)
    }
  }
  mark()
  return vscode.Disposable.from(type, sessions.onDidChangeFocus(mark), vscode.window.onDidChangeVisibleTextEditors(mark))
}

function decoration(place: FramePlace): vscode.DecorationOptions {
  const range = new vscode.Range(place.line - 1, place.column - 1, place.endLine - 1, place.endColumn - 1)
  const layer = layerWords(place.name)
  if (layer === null) return { range }
  return {
    range,
    renderOptions: {
      after: {
        contentText: layer,
        color: new vscode.ThemeColor(Colour.currentTokenBorder),
        margin: '0 0 0 4px',
        fontStyle: 'italic',
      },
    },
  }
}

/** `layer 3` of a frame's name; null for the frame of the token itself. */
export function layerWords(frameName: string): string | null {
  return /^layer \d+/i.exec(frameName)?.[0].toLowerCase() ?? null
}

/** Whether a document is the one that a frame names: by path for a file, by address for anything else. */
function isAt(uri: vscode.Uri, path: string): boolean {
  return uri.scheme === 'file' ? uri.fsPath === vscode.Uri.file(path).fsPath && !/^[a-z][\w+.-]+:/i.test(path) : uri.toString() === vscode.Uri.parse(path).toString()
}
