// Edits that change the residual at every position, whatever the weights: one feature is held at a value, another is raised.
import type { Edit, EditPositions } from '../../server/protocol/values'

/** Within what the top features of random SAEs have; a trained one would be suppressed, which costs the same. */
const HELD = 2
const RAISED = 1

export function held(layer: number, positions: EditPositions['kind'] & ('all' | 'generated')): Edit {
  return { feature: { layer, feature: 5 }, operation: { kind: 'set', value: HELD }, positions: { kind: positions } }
}

export function raised(layer: number, positions: EditPositions['kind'] & ('all' | 'generated')): Edit {
  return { feature: { layer, feature: 77 }, operation: { kind: 'add', value: RAISED }, positions: { kind: positions } }
}
