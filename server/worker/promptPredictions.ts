// Reads how likely the tokens of a branch's prompt were, while it stands: a session does not wait for it, and a hover of the prompt shows it as after any run.
import type { Engine, TokenPrediction } from '../engine/engine'
import { CancelledError, InputError } from '../protocol/errors'
import { parseEditLine } from '../formats/editLine'
import type { DebugRun } from './debugRuns'

export interface PromptPredictionsParts {
  /** Must let other work go before. */
  read(...args: Parameters<Engine['read']>): Promise<void>
  readonly alternatives: number
  log(message: string): void
}

/** Asks again and again while the branch changes under it; resolves when the branch has them or the signal aborts, rejects never. */
export async function readPromptPredictions(parts: PromptPredictionsParts, run: DebugRun, signal: AbortSignal): Promise<void> {
  try {
    while (run.lacksPredictions() && !signal.aborted) {
      await run.standing()
      const { tokens, promptTokens, edits, stamp } = { ...run.detail(), stamp: run.stamp() }
      const tokenIds = tokens.slice(0, promptTokens).map(({ id }) => id)
      const known = edits.map(({ edit }) => parseEditLine(edit).edit).filter((edit) => edit !== null)
      let predictions: readonly (TokenPrediction | null)[] = []
      await parts.read({ tokenIds, promptLength: promptTokens, edits: known, layers: [], top: 0, predictions: { alternatives: parts.alternatives } }, (event) => {
        if (event.kind === 'predictions') ({ predictions } = event)
      }, signal)
      if (stamp === run.stamp()) return run.addPredictions(predictions)
    }
  } catch (error) {
    // A session that ends meanwhile, or whose model is lost, is told so elsewhere.
    if (!(error instanceof CancelledError) && !(error instanceof InputError)) parts.log(`predictions of run ${run.summary().name} were not read: ${String(error)}`)
  }
}
