// Goes back along a branch to the last token before the place at which a rule stops. Nothing is computed again but what rules ask about.
import { CancelledError } from '../../protocol/errors'
import type { Stop } from '../branch'
import { askAll, counting, LARGEST_WINDOW } from './askRules'
import type { BranchState } from './branchState'
import { stopAt } from './judge'
import { stopFor } from './stopFor'
import type { Workings } from './workings'

const FIRST_WINDOW = 32

/** Stands on the token that was found, or on the first. An aborted signal is a pause: it stands on the first token that it looked at. */
export async function goBack(workings: Workings, state: BranchState, signal: AbortSignal): Promise<Stop> {
  let end = state.place.position
  let window = FIRST_WINDOW
  try {
    while (end > 0) {
      if (signal.aborted) throw new CancelledError()
      const rules = workings.rules.current().filter((rule) => rule.log === null)
      const first = Math.max(0, end - window)
      await askAll(workings, state, counting(rules), 0, end, signal)
      await askAll(workings, state, rules, first, end, signal)
      for (let position = end - 1; position >= first; position--) {
        const stop = stopAt(state, rules, position)
        if (!stop) continue
        state.place = { position, layer: null }
        return stop
      }
      end = first
      window = Math.min(2 * window, LARGEST_WINDOW)
    }
  } catch (error) {
    if (!(error instanceof CancelledError && signal.aborted)) throw error
    state.place = { position: end, layer: end === state.place.position ? state.place.layer : null }
    return stopFor('pause')
  }
  state.place = { position: 0, layer: null }
  return stopFor('entry')
}
