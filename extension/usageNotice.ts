// Shows what the makers of an SAE set ask of its users, until it has been read once.
import * as vscode from 'vscode'
import { usageNotice } from '../server/protocol/usageNotice'
import { sentence } from './problems'
import type { WorkerState } from './workerState'

const KEPT = 'usageNotice.read'
const READ = 'I Have Read This'

/** Asks when a model with such a set is ready, which is before any feature of it is shown. */
export function registerUsageNotice({ globalState }: vscode.ExtensionContext, state: WorkerState): vscode.Disposable {
  let isShown = false
  return state.onDidChangeModel((model) => {
    const notice = model.kind === 'ready' && model.sae && model.saeOrigin ? usageNotice(model.sae.path, model.saeOrigin) : null
    if (notice === null || isShown || globalState.get(KEPT) === true) return
    isShown = true
    void vscode.window.showInformationMessage(`${sentence(notice)}.`, READ).then((pressed) => {
      isShown = false
      if (pressed === READ) void globalState.update(KEPT, true)
    })
  })
}
