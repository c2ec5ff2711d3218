// The command that reads every layer of a run that was not read while it went on.
import * as vscode from 'vscode'
import type { LayerReader } from '../layerReader'
import { countOf } from '../wording'
import type { WorkerState } from '../workerState'
import { runOf } from './targets'

export function createLayerCommands(state: WorkerState, reading: LayerReader) {
  return {
    readAllLayers: async (arg?: unknown) => {
      const run = runOf(state, arg)
      const detail = run && (await state.runDetail(run.id))
      if (!detail) return void vscode.window.showInformationMessage('Run a prompt first; then its layers can be read.')
      if (detail.saeLayers.length === 0) return void vscode.window.showInformationMessage(`${detail.name} has no layers to read: no SAE set was found for its model.`)
      const missing = detail.saeLayers.length - detail.layers.length
      if (missing > 0) await reading.read(detail, 'all')
      void vscode.window.setStatusBarMessage(missing > 0 ? `Read ${countOf(missing, 'layer')} of ${detail.name}` : `All layers of ${detail.name} have been read`, 4_000)
    },
  }
}
