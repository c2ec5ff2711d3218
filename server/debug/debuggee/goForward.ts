// Goes on along a branch: over tokens that it has, then over new ones, until something stops it.
import { CancelledError } from '../../protocol/errors'
import type { Stop } from '../branch'
import { joinedNeeds } from '../facts'
import { askAll, counting, LARGEST_WINDOW, openRules } from './askRules'
import { endOf, type BranchState } from './branchState'
import { generateOn } from './generateOn'
import { judge } from './judge'
import { stopFor } from './stopFor'
import { arrive, tell, type Workings } from './workings'

/** How far a motion wants to go by itself. */
export interface Course {
  /** Whether it ends on this token, which has been gone over. */
  isDoneAt(position: number): boolean
  /** It ends on the next token, so nothing beyond that need be read or generated. */
  readonly isOneToken: boolean
}

/** Tokens that are gone over at first; twice as many each time, so that a stop nearby is found at once. */
const FIRST_WINDOW = 16

/** Goes over tokens from `next` on. An aborted signal is a pause; whatever else the engine throws is passed on, and the branch stands where it had come to. */
export async function goForward(workings: Workings, state: BranchState, next: number, course: Course, signal: AbortSignal): Promise<Stop> {
  let window = course.isOneToken ? 1 : FIRST_WINDOW
  try {
    for (;;) {
      if (signal.aborted) return stopFor('pause')
      const known = state.timeline.tokens.length
      const isReplay = next < known
      if (!isReplay && endOf(state, workings.limits) !== null) return stopFor('end')
      const stop = isReplay ? await replay(workings, state, next, Math.min(known, next + window), course, signal) : await generateOn(workings, state, course, signal)
      if (stop) return stop
      // Where the rules were replaced before the first token, it is still to be gone over.
      next = state.goneOver === 0 ? 0 : state.place.position + 1
      window = Math.min(2 * window, LARGEST_WINDOW)
    }
  } catch (error) {
    if (error instanceof CancelledError && signal.aborted) return stopFor('pause')
    throw error
  } finally {
    tell(workings, state)
  }
}

/** Goes over tokens first … end − 1, which the branch has. Ends early when the rules are replaced. */
async function replay(workings: Workings, state: BranchState, first: number, end: number, course: Course, signal: AbortSignal): Promise<Stop | null> {
  const rules = workings.rules.current()
  await askAll(workings, state, counting(rules), 0, first, signal)
  const open = openRules(state, rules, first, end)
  const from = Math.max(0, first - 1)
  const readings = await workings.reader.read(state, from, end, joinedNeeds(open.map(({ needs }) => needs)), signal)
  for (let position = first; position < end; position++) {
    if (signal.aborted) return stopFor('pause')
    if (workings.rules.current() !== rules) return null
    arrive(state, position)
    const stop = judge(workings, state, rules, position, readings[position - from]!, readings[position - 1 - from] ?? null)
    if (stop) return stop
    if (course.isDoneAt(position)) return stopFor('step')
  }
  tell(workings, state)
  return null
}
