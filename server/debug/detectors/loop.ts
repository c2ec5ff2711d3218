// The exception filter for a completion that repeats itself.
import { loopAt, loopMessage } from '../../runs/repetition'
import type { Detector } from './detector'

/** Finds where a loop is long enough to be one, and again when another begins after it has ended; the rule and its cost stand at `loopAt`. */
export const loop: Detector = {
  id: 'loop',
  label: 'Repetition loop',
  description: 'The completion repeats itself: the same four or more tokens three times in a row, or fewer for at least twelve tokens.',
  default: false,
  conditionHelp: null,
  withCondition: null,
  find(tokens, index) {
    const found = loopAt(tokens, index)
    if (!found || loopAt(tokens, index - 1)) return null
    return { filter: 'loop', message: loopMessage(tokens, found, index), first: found.first, last: index }
  },
}
