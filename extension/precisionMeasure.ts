// Measures what a precision costs, once for each model whose weights were rounded, when nothing else is going on.
import type * as vscode from 'vscode'
import { CancelledError } from '../server/protocol/errors'
import { measurePrecision } from '../server/protocol/requests'
import { longTask } from './longTask'
import type { Worker } from './serverProcess'
import type { WorkerState } from './workerState'

/** What was measured is kept on disk by the worker; a measurement that is cancelled or fails is not tried again before the window is reloaded. */
export function registerPrecisionMeasure(worker: Worker, state: WorkerState, log: vscode.LogOutputChannel): vscode.Disposable[] {
  const tried = new Set<string>()
  const measureWhenDue = (): void => {
    const { model } = state
    if (model?.kind !== 'ready' || model.quantised === null || model.quantised.cost !== null) return
    if (state.runs.some(({ status }) => status.kind === 'running')) return
    const key = JSON.stringify([model.model.path, model.model.precision, model.sae?.path])
    if (tried.has(key)) return
    tried.add(key)
    longTask(`Measuring what ${model.model.precision} costs in accuracy, once`, (token, report) => worker.request(measurePrecision, null, token, report)).catch((error: unknown) => {
      if (!(error instanceof CancelledError)) log.warn(`The cost of ${model.model.precision} was not measured: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
  return [state.onDidChangeModel(measureWhenDue), state.onDidChangeRun(measureWhenDue)]
}
