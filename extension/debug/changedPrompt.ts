// Says so, once, when a prompt file is changed while it is debugged: all places shown in it are those of the text that the session began with.
import * as vscode from 'vscode'
import { DEBUG_TYPE } from '../contributions'
import { offer } from '../problems'

export function registerChangedPrompt(): vscode.Disposable {
  /** By session, whether its user has been told. */
  const told = new Map<vscode.DebugSession, boolean>()
  const isDebugged = (session: vscode.DebugSession, uri: vscode.Uri): boolean => {
    const { program } = session.configuration as { readonly program?: unknown }
    return typeof program === 'string' && uri.scheme === 'file' && uri.fsPath === vscode.Uri.file(program).fsPath
  }
  return vscode.Disposable.from(
    vscode.debug.onDidStartDebugSession((session) => {
      if (session.type === DEBUG_TYPE) told.set(session, false)
    }),
    vscode.debug.onDidTerminateDebugSession((session) => void told.delete(session)),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length === 0) return
      for (const [session, wasTold] of told) {
        if (wasTold || !isDebugged(session, document.uri)) continue
        told.set(session, true)
        const name = document.uri.path.split('/').at(-1)!
        const message = `${name} is being debugged as it was when the session began; places in the changed file may be other ones. Restart the session to debug the new text.`
        offer(vscode.window.showWarningMessage(message, 'Restart'), { title: 'Restart', command: 'workbench.action.debug.restart' })
      }
    }),
  )
}
