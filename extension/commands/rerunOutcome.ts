// What is said after a re-run, beside the difference of the two completions.
import * as vscode from 'vscode'
import { runFaults, type RunDetail, type RunSummary } from '../../server/protocol/requests'
import { Command } from '../contributions'
import { offer, type ProblemAction } from '../problems'
import type { Worker } from '../serverProcess'
import type { WorkerState } from '../workerState'

/** Says what a re-run changed where the difference alone would not: nothing, a fault that stays, a fault that is gone; with the ways on. */
export async function sayOutcome(worker: Worker, state: WorkerState, original: RunSummary, run: RunSummary): Promise<void> {
  if (run.status.kind !== 'done') return
  const before = new Set(original.edits.map(({ edit }) => edit))
  const idle = run.edits.filter(({ edit, firedAt }) => !before.has(edit) && firedAt.length === 0).map(({ edit }) => edit)
  const [left, right, faults, faultsBefore] = await Promise.all([
    state.runDetail(original.id), state.runDetail(run.id), worker.request(runFaults, { runId: run.id }), worker.request(runFaults, { runId: original.id }),
  ])
  if (!left || !right) return
  const unchanged = left.text === right.text
  const words = [
    idle.length > 0 ? `${idle.join(', ')} never fired in this run` : null,
    unchanged ? `the completion did not change${movedText(left, right)}` : faults[0] ? `the new completion is not mended: ${faults[0].message}` : null,
  ].filter((part) => part !== null)
  if (words.length === 0) {
    if (faultsBefore[0]) void vscode.window.showInformationMessage(`Mended: the ${faultsBefore[0].message} in ${original.name}, no longer in ${run.name}.`)
    return
  }
  const suggest: ProblemAction = { title: faults[0] && run.edits.length > 0 ? 'Suppress More…' : 'Suggest What to Suppress…', command: Command.suggestSuppressions, args: [run.id] }
  const undo: ProblemAction = { title: 'Undo Edit', command: Command.undoEdit }
  const actions = run.edits.length > before.size ? [suggest, undo] : [suggest]
  const message = words.join('; ')
  offer(vscode.window.showInformationMessage(`${message.charAt(0).toUpperCase()}${message.slice(1)}.`, ...actions.map(({ title }) => title)), ...actions)
}

/** Where the same completion's probabilities moved most: `; the probability that moved most: "在", 28 % → 26 %`. */
function movedText(left: RunDetail, right: RunDetail): string {
  let best = { text: '', from: 0, to: 0 }
  right.tokens.forEach(({ display, logprob }, index) => {
    const [from, to] = [Math.exp(left.tokens[index]?.logprob ?? 0), Math.exp(logprob ?? 0)]
    if (Math.abs(to - from) > Math.abs(best.to - best.from)) best = { text: display, from, to }
  })
  if (Math.abs(best.to - best.from) < 0.0005) return ''
  const percent = (probability: number): string => `${(100 * probability).toFixed(1)} %`
  return `; the probability that moved most: ${JSON.stringify(best.text)}, ${percent(best.from)} → ${percent(best.to)}`
}
