// What each motion does at a place: within a token's layers only the place changes, between tokens the branch goes forward or back.
import { InputError } from '../../protocol/errors'
import type { Motion, Stop } from '../branch'
import { endsSentence } from '../sentences'
import { askAll, counting } from './askRules'
import type { BranchState } from './branchState'
import { goBack } from './goBack'
import { goForward, type Course } from './goForward'
import { stopAt } from './judge'
import { stopFor } from './stopFor'
import { arrive, tell, type Workings } from './workings'

/** The next token, whatever stands there. */
export const ONE_TOKEN: Course = { isDoneAt: () => true, isOneToken: true }

/** Without end: only rules stop. */
export const ONWARD: Course = { isDoneAt: () => false, isOneToken: false }

/** Moves the branch and answers why it stands where it stands then. Throws InputError for a place that does not exist. */
export async function moveBy(workings: Workings, state: BranchState, motion: Motion, signal: AbortSignal): Promise<Stop> {
  const { position, layer } = state.place
  const layers = workings.program.model.identity.layers
  const forward = (course: Course): Promise<Stop> => goForward(workings, state, position + 1, course, signal)
  const standIn = (place: number | null): Stop => {
    state.place = { position, layer: place }
    return stopFor('step')
  }
  /** To the layer above, and from the last layer to the next token. */
  const up = (from: number): Stop | Promise<Stop> => (from + 1 < layers ? standIn(from + 1) : forward(ONE_TOKEN))

  switch (motion.kind) {
    case 'continue':
      return forward(ONWARD)
    case 'next':
      return layer === null ? forward(ONE_TOKEN) : up(layer)
    case 'stepIn':
      if (motion.layer !== null && !(Number.isInteger(motion.layer) && motion.layer >= 0 && motion.layer < layers)) throw new InputError(`layer ${motion.layer} is not in the model`, `choose a layer from 0 to ${layers - 1}`)
      if (motion.layer !== null) return standIn(motion.layer)
      return layer === null ? standIn(0) : up(layer)
    case 'stepOut':
      return layer === null ? forward(toSentenceEnd(state)) : standIn(null)
    case 'stepBack':
      if (layer !== null) return standIn(layer === 0 ? null : layer - 1)
      return position === 0 ? stopFor('entry') : stepBack(workings, state, signal)
    case 'reverseContinue':
      return goBack(workings, state, signal)
    case 'goto':
      return goTo(workings, state, motion.position)
  }
}

function toSentenceEnd({ timeline: { tokens } }: BranchState): Course {
  return { isDoneAt: (position) => endsSentence(tokens, position), isOneToken: false }
}

async function stepBack(workings: Workings, state: BranchState, signal: AbortSignal): Promise<Stop> {
  const position = state.place.position - 1
  const rules = workings.rules.current().filter((rule) => rule.log === null)
  try {
    await askAll(workings, state, counting(rules), 0, position + 1, signal)
    await askAll(workings, state, rules, position, position + 1, signal)
  } catch (error) {
    if (signal.aborted) return stopFor('pause')
    throw error
  }
  state.place = { position, layer: null }
  return stopAt(state, rules, position) ?? stopFor(position === 0 ? 'entry' : 'step')
}

function goTo(workings: Workings, state: BranchState, position: number): Stop {
  const count = state.timeline.tokens.length
  if (!(Number.isInteger(position) && position >= 0 && position < count)) throw new InputError(`token ${position} is not on branch ${state.id}`, `choose one from 0 to ${count - 1}`)
  arrive(state, position)
  tell(workings, state)
  return stopFor('goto')
}
