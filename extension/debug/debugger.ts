// Everything of the debugger that lives in the editor, registered in one place.
import * as vscode from 'vscode'
import { ContextKey, DEBUG_TYPE } from '../contributions'
import type { Worker } from '../serverProcess'
import type { WorkerState } from '../workerState'
import { registerChangedPrompt } from './changedPrompt'
import { registerConditionCompletion } from './conditionCompletion'
import { registerCurrentToken } from './currentToken'
import { registerDebugAdapter } from './debugAdapter'
import { registerInlineValues } from './inlineValues'
import { registerLaunchConfiguration } from './launchConfiguration'
import type { DebugSessions } from './sessions'

export function registerDebugger(worker: Worker, state: WorkerState, sessions: DebugSessions): vscode.Disposable {
  return vscode.Disposable.from(
    sessions,
    registerLaunchConfiguration(state),
    registerDebugAdapter(worker, state, sessions),
    registerCurrentToken(sessions),
    registerInlineValues(sessions),
    registerConditionCompletion(worker),
    registerChangedPrompt(),
    vscode.debug.onDidStartDebugSession(({ type }) => {
      if (type === DEBUG_TYPE) void vscode.commands.executeCommand('setContext', ContextKey.hasDebugged, true)
    }),
  )
}
