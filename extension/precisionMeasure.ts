// Measures what a precision costs, once for each model whose weights were rounded, when nothing else is going on.
import * as vscode from 'vscode'
import { CancelledError } from '../server/protocol/errors'
import { measurePrecision } from '../server/protocol/requests'
import { longTask } from './longTask'
import type { Worker } from './serverProcess'
import type { WorkerState } from './workerState'

/** A model is mostly loaded for a run, which comes first; the measurement takes the processor for some seconds. */
const IDLE_MS = 5_000

/** What was measured is kept on disk by the worker; a measurement that is cancelled or fails is not tried again before the window is reloaded. */
export function registerPrecisionMeasure(worker: Worker, state: WorkerState, log: vscode.LogOutputChannel): vscode.Disposable {
  const tried = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  /** What is to be measured; null when nothing is, or not now. */
  const due = (): { readonly key: string; readonly precision: string } | null => {
    const { model, runs } = state
    if (model?.kind !== 'ready' || model.quantised === null || model.quantised.cost !== null) return null
    const key = JSON.stringify([model.model.path, model.model.precision, model.sae?.path])
    return tried.has(key) || runs.some(({ status }) => status.kind === 'running') ? null : { key, precision: model.model.precision }
  }
  const measure = (): void => {
    const found = due()
    if (found === null) return
    tried.add(found.key)
    longTask(`Measuring what ${found.precision} costs in accuracy, once`, (token, report) => worker.request(measurePrecision, null, token, report)).catch((error: unknown) => {
      if (!(error instanceof CancelledError)) log.warn(`The cost of ${found.precision} was not measured: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
  const waitForIdle = (): void => {
    clearTimeout(timer)
    if (due() !== null) timer = setTimeout(measure, IDLE_MS)
  }
  return vscode.Disposable.from(state.onDidChangeModel(waitForIdle), state.onDidChangeRun(waitForIdle), { dispose: () => clearTimeout(timer) })
}
