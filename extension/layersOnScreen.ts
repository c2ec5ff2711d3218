// Tells the worker which layers are looked at, so that a large model's next run reads these while it generates.
import * as vscode from 'vscode'
import { layersOnScreen } from '../server/protocol/requests'
import type { Heat } from './heat'
import type { ScopePanel } from './panels/scopePanel'
import type { Worker } from './serverProcess'

export function registerLayersOnScreen(worker: Worker, heat: Heat, scope: ScopePanel, log: vscode.LogOutputChannel): vscode.Disposable {
  let told = ''
  const tell = (): void => {
    const layers = [...new Set([...scope.openLayers, ...(heat.feature ? [heat.feature.layer] : [])])].sort((a, b) => a - b)
    // Looking at something must not start the worker.
    if (worker.status !== 'running' || layers.join() === told) return
    told = layers.join()
    worker.request(layersOnScreen, { layers }).catch((error: unknown) => log.debug('The worker was not told which layers are looked at.', error))
  }
  return vscode.Disposable.from(
    heat.onDidChange(tell),
    scope.onDidChangeOpenLayers(tell),
    worker.onDidChangeStatus(() => {
      told = ''
      tell()
    }),
  )
}
