// What must hold of pins and edits as they change: replacement by feature and positions, import all or nothing, undo step by step.
import { expect, test } from 'vitest'
import { InputError } from '../../../server/protocol/errors'
import { EMPTY_STATE, type SavedState } from '../../../server/store/stateStore'
import { activeEdits, toPinsAndEdits, undone, withEdit, withEditEnabled, withoutEdit, withoutEdits, withPin, withSteerFile } from '../../../server/worker/pinsAndEdits'

const lines = (state: SavedState) => state.edits.map(({ line }) => line)
const withEdits = (...all: string[]) => all.reduce(withEdit, EMPTY_STATE)

test('an edit replaces the earlier one of the same feature and positions, in its place', () => {
  const state = withEdits('L1/2 = 0', 'L3/4 += 2', 'L1/2 = 0 @ prompt', 'L1/2 *= 0.5')
  expect(lines(state)).toEqual(['L1/2 *= 0.5', 'L3/4 += 2', 'L1/2 = 0 @ prompt'])
  expect(new Set(state.edits.map(({ id }) => id)).size).toBe(3)
})

test('the same edit again changes nothing, but turns a disabled one on', () => {
  const state = withEdits('L1/2 = 0')
  expect(withEdit(state, '  L1/2=0 # again')).toBe(state)
  const off = withEditEnabled(state, state.edits[0]!.id, false)
  expect(activeEdits(off)).toEqual([])
  expect(activeEdits(withEdit(off, 'L1/2 = 0'))).toHaveLength(1)
})

test('a wrong line rejects with its problem and one thing to do', () => {
  expect(() => withEdit(EMPTY_STATE, 'L1/2 =')).toThrow(InputError)
  expect(() => withoutEdit(EMPTY_STATE, '9')).toThrow(InputError)
})

test('an import replaces all edits, or none when a line is wrong', () => {
  const state = withEdits('L9/9 = 0')
  expect(lines(withSteerFile(state, '# two\nL1/2 = 0\nL1/2 = 5 # counts\n\nL3/4 += 1 @ last'))).toEqual(['L1/2 = 5', 'L3/4 += 1 @ last'])
  expect(() => withSteerFile(state, 'L1/2 = 0\nL1/ = 0')).toThrow(/^line 2: /)
})

test('ids are not used twice, also across undo', () => {
  const first = withEdits('L1/1 = 0')
  const second = withEdit(withoutEdit(first, first.edits[0]!.id), 'L2/2 = 0')
  expect(second.edits[0]!.id).not.toBe(first.edits[0]!.id)
})

test('undo takes back every kind of change, one at a time, and says which', () => {
  const steps = [
    withEdits('L1/2 = 0'),
    withEdit(withEdits('L1/2 = 0'), 'L1/2 = 1'),
    withPin(withEdits('L1/2 = 0'), { layer: 1, feature: 2 }, true),
    withEditEnabled(withEdits('L1/2 = 0'), '1', false),
    withoutEdits(withEdits('L1/2 = 0', 'L3/4 = 0')),
    withSteerFile(withEdits('L1/2 = 0'), 'L5/6 = 0'),
  ]
  expect(steps.map((state) => toPinsAndEdits(state).undo)).toEqual(['add L1/2 = 0', 'add L1/2 = 1', 'pin L1/2', 'turn off L1/2 = 0', 'clear 2 edits', 'import 1 edit'])
  expect(steps.map((state) => lines(undone(state)))).toEqual([[], ['L1/2 = 0'], ['L1/2 = 0'], ['L1/2 = 0'], ['L1/2 = 0', 'L3/4 = 0'], ['L1/2 = 0']])
  expect(undone(undone(steps[1]!))).toEqual(EMPTY_STATE)
  expect(undone(EMPTY_STATE)).toBe(EMPTY_STATE)
})
