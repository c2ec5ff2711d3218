// Keeps the context keys true that menus and empty states ask for.
import * as vscode from 'vscode'
import { ContextKey } from './contributions'
import { isPrompt } from './debug/launchConfiguration'
import type { Heat } from './heat'
import { activeRunId } from './runDocuments'
import type { WorkerState } from './workerState'

export function registerContextKeys(state: WorkerState, heat: Heat): vscode.Disposable {
  const known = new Map<string, unknown>()
  const set = (key: string, value: unknown): void => {
    if (known.get(key) === value) return
    known.set(key, value)
    void vscode.commands.executeCommand('setContext', key, value)
  }
  const isPlainPrompt = (document: vscode.TextDocument | undefined): boolean =>
    document !== undefined && (document.languageId === 'plaintext' || document.languageId === 'markdown') && isPrompt(document, state)
  const update = (): void => {
    const runId = activeRunId()
    const activeRun = runId === null ? undefined : state.run(runId)
    set(ContextKey.model, state.model?.kind)
    set(ContextKey.running, state.runs.some(({ status }) => status.kind === 'running'))
    set(ContextKey.hasRuns, state.runs.length > 0)
    set(ContextKey.hasEdits, state.edits.edits.length > 0)
    set(ContextKey.canUndoEdit, state.edits.undo !== null)
    set(ContextKey.heatShown, heat.feature !== null)
    set(ContextKey.activeIsPlainPrompt, isPlainPrompt(vscode.window.activeTextEditor?.document))
    set(ContextKey.activeRunIsRunning, activeRun?.status.kind === 'running')
    set(ContextKey.activeRunHasOriginal, activeRun?.parent != null && state.run(activeRun.parent.runId) !== undefined)
  }
  update()
  return vscode.Disposable.from(
    state.onDidChangeModel(update), state.onDidChangeEdits(update), state.onDidChangeRun(update), state.onDidReload(update),
    heat.onDidChange(update), vscode.window.onDidChangeActiveTextEditor(update),
  )
}
