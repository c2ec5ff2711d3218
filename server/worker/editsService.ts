// Owns the pins and edits: applies a change, tells everyone, and answers when it is on disk.
import type { PinsAndEdits } from '../protocol/requests'
import type { Edit } from '../protocol/values'
import type { SavedState, StateStore } from '../store/stateStore'
import { activeEdits, toPinsAndEdits } from './pinsAndEdits'

export interface EditsService {
  state(): PinsAndEdits
  /** The edits that apply to a new run. */
  active(): Edit[]
  /** Applies a step of pinsAndEdits.ts; rejects, changing nothing, when the step throws. */
  change(step: (state: SavedState) => SavedState): Promise<PinsAndEdits>
}

export function createEditsService(store: StateStore, onChanged: (state: PinsAndEdits) => void): EditsService {
  let current = store.initial
  return {
    state: () => toPinsAndEdits(current),
    active: () => activeEdits(current),
    async change(step) {
      const next = step(current)
      if (next === current) return toPinsAndEdits(current)
      current = next
      const state = toPinsAndEdits(current)
      onChanged(state)
      await store.save(current)
      return state
    },
  }
}
