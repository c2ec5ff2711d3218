// The command that checks whether an SAE set belongs to the model: how much of each layer it leaves unexplained on a run's text.
import * as vscode from 'vscode'
import { checkSaeFit, type LayerFit } from '../../server/protocol/requests'
import { longTask } from '../longTask'
import type { Worker } from '../serverProcess'
import type { WorkerState } from '../workerState'
import { runOf } from './targets'

const BAR_BLOCKS = 10

export function createSaeFitCommands(worker: Worker, state: WorkerState) {
  return {
    checkSaeFit: async (arg?: unknown) => {
      const run = runOf(state, arg)
      if (!run) return void vscode.window.showInformationMessage('Run a prompt first: the SAE set is checked on the text of a run.')
      const { layers, isPoor } = await longTask(`Checking the SAE set on ${run.name}`, (token, report) => worker.request(checkSaeFit, { runId: run.id }, token, report))
      const title = isPoor ? 'This SAE set does not seem to belong to the model' : `What the SAE set leaves unexplained on ${run.name}`
      await vscode.window.showQuickPick(layers.map(layerItem), { title, placeHolder: 'Share of each layer’s residual, mean over tokens that are no outliers' })
    },
  }
}

function layerItem({ layer, unexplained }: LayerFit): vscode.QuickPickItem {
  const full = Math.max(0, Math.min(BAR_BLOCKS, Math.round(BAR_BLOCKS * unexplained)))
  return { label: `L${layer}`, description: `${'▰'.repeat(full)}${'▱'.repeat(BAR_BLOCKS - full)}  ${(100 * unexplained).toFixed(1)} %` }
}
