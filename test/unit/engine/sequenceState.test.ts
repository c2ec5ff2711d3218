// States that cannot be cut: what is kept of them, from where a prefix can be taken over, and that an unfinished chunk changes nothing.
import { describe, expect, it } from 'vitest'
import { createArrayPool } from '../../../server/engine/sequence/arrayPool'
import { SequenceState } from '../../../server/engine/sequence/sequenceState'
import type { LayerMemory } from '../../../server/graph/layerMemory'

const ATTENDS: LayerMemory = { kind: 'keysAndValues', kvHeads: 1, headDim: 2 }
const KEEPS: LayerMemory = { kind: 'states', states: [{ name: 'delta', shape: [1, 2] }] }

/** A sequence whose state at position p is [p, −p], remembered after each of the given chunks. */
function fedTo(...ends: readonly number[]): SequenceState {
  const state = SequenceState.empty([KEEPS, ATTENDS], createArrayPool(1e6))
  for (const end of ends) {
    state.begin()
    state.kv.reserve(end)
    state.stage(0, 'delta', Float32Array.of(end, -end))
    state.commit(end)
    state.remember()
  }
  return state
}

describe('a sequence with states', () => {
  it('starts from zeros', () => {
    expect(SequenceState.empty([KEEPS, ATTENDS], createArrayPool(1e6)).state(0, 'delta')).toEqual(Float32Array.of(0, 0))
  })

  it('can be resumed where a state was kept, at or before the wanted position', () => {
    const state = fedTo(64, 100)
    state.stage(0, 'delta', Float32Array.of(103, -103))
    state.commit(103)
    expect([10, 64, 99, 100, 102, 103, 200].map((rows) => state.resumableAt(rows))).toEqual([0, 64, 64, 100, 100, 103, 103])
    expect(state.copyPrefix(64).state(0, 'delta')).toEqual(Float32Array.of(64, -64))
    expect(state.copyPrefix(103).state(0, 'delta')).toEqual(Float32Array.of(103, -103))
    expect(() => state.copyPrefix(70)).toThrow('no state is kept at position 70')
  })

  it('forgets what a chunk that did not end has staged', () => {
    const state = fedTo(64)
    state.begin()
    state.stage(0, 'delta', Float32Array.of(1, 1))
    expect(state.state(0, 'delta')).toEqual(Float32Array.of(64, -64))
    state.begin()
    state.commit(64)
    expect(state.state(0, 'delta')).toEqual(Float32Array.of(64, -64))
  })

  it('leaves the copy alone when it goes on itself, and the other way round', () => {
    const state = fedTo(64)
    const copy = state.copyPrefix(64)
    copy.stage(0, 'delta', Float32Array.of(7, 7))
    copy.commit(65)
    expect(state.state(0, 'delta')).toEqual(Float32Array.of(64, -64))
    expect(copy.resumableAt(64)).toBe(64)
  })

  it('keeps a few states, spread over the sequence, the last and the one before it among them', () => {
    const state = fedTo(...Array.from({ length: 40 }, (_, chunk) => 64 * (chunk + 1)), 2565)
    const kept = new Set(Array.from({ length: 2566 }, (_, rows) => state.resumableAt(rows)))
    kept.delete(0)
    expect(kept.size).toBeLessThanOrEqual(5)
    expect(state.resumableAt(2564)).toBe(2560)
    expect(state.resumableAt(2565)).toBe(2565)
    expect(Math.min(...kept)).toBeLessThan(1300)
    expect(state.bytes - state.kv.bytes).toBe(kept.size * 8)
  })
})

it('can be cut anywhere when no layer keeps a state', () => {
  const state = SequenceState.empty([ATTENDS, ATTENDS], createArrayPool(1e6))
  state.commit(80)
  expect(state.hasStates).toBe(false)
  expect(state.resumableAt(33)).toBe(33)
  expect(state.copyPrefix(33).resumableAt(20)).toBe(20)
})
