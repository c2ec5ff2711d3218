// Shows what went wrong where the user looks: bad input as its own sentence with one thing to do, anything else with the log at hand.
import * as vscode from 'vscode'
import { CancelledError, InputError } from '../server/protocol/errors'
import { Command } from './contributions'
import { WorkerStoppedError } from './serverProcess'
import { readSettings } from './settings'

/** A button under a message. */
export interface ProblemAction {
  readonly title: string
  readonly command: string
  readonly args?: readonly unknown[]
}

export const SHOW_LOG: ProblemAction = { title: 'Show Log', command: Command.showLog }

/** The way out when a model did not load: the precision that the remedy names, another one where one was chosen, else another model. */
export function loadRemedy(remedy: string): ProblemAction {
  const [, precision] = /^use precision (exact|q8|q4)\b/.exec(remedy) ?? []
  if (precision !== undefined) return { title: `Use ${precision}`, command: Command.selectPrecision, args: [precision] }
  return ['exact', 'auto'].includes(readSettings().precision) ? { title: 'Choose Another Model', command: Command.selectModel } : { title: 'Choose Precision', command: Command.selectPrecision }
}

/** Shows an error; a cancelled call is not one. `action` replaces the button Show Log for bad input. */
export function showProblem(error: unknown, log: vscode.LogOutputChannel, action: ProblemAction = SHOW_LOG): void {
  if (error instanceof CancelledError) return
  if (error instanceof InputError) {
    log.warn(error.line)
    offer(vscode.window.showErrorMessage(sentence(error.line), action.title), action)
  } else if (error instanceof WorkerStoppedError) {
    // The crash itself has been shown; this request only fell with it.
    log.warn(error.message)
  } else {
    const message = error instanceof Error ? error.message : String(error)
    log.error(error instanceof Error ? error : message)
    offer(vscode.window.showErrorMessage(`Promptscope: ${message}`, SHOW_LOG.title), SHOW_LOG)
  }
}

/** Runs the action when its button is the one pressed. */
export function offer(pressed: Thenable<string | undefined>, ...actions: readonly ProblemAction[]): void {
  void pressed.then((title) => {
    const action = actions.find((candidate) => candidate.title === title)
    if (action) void vscode.commands.executeCommand(action.command, ...(action.args ?? []))
  })
}

/** A message of ours as a sentence on its own: the first letter large, unless the subject is a name such as `config.json` or `L3/12`. */
export function sentence(line: string): string {
  return /^[a-z]+[ ,;:]/.test(line) ? line.charAt(0).toUpperCase() + line.slice(1) : line
}
