// Which edit applies at which position, what it does to an activation, and which edits are refused.
import { describe, expect, it } from 'vitest'
import { activationOf, addDirections, editEffect, sameCoefficients } from '../../../server/engine/applyEdits'
import { planEdits } from '../../../server/engine/editPlan'
import { InputError } from '../../../server/protocol/errors'
import type { Edit, EditOperation, EditPositions } from '../../../server/protocol/values'

const MODEL = { layers: 4, saeLayers: [1, 2], dSae: 100 }
const edit = (layer: number, feature: number, operation: EditOperation = { kind: 'set', value: 0 }, positions: EditPositions = { kind: 'all' }): Edit => ({
  feature: { layer, feature }, operation, positions,
})

describe('planEdits', () => {
  const positionsOf = (positions: EditPositions): number[] => {
    const plan = planEdits([edit(1, 5, undefined, positions)], MODEL, 4)
    return [0, 1, 2, 3, 4, 5, 6].filter((position) => plan.at(1, position).length > 0)
  }

  it('resolves every position form against a prompt of four tokens', () => {
    expect(positionsOf({ kind: 'all' })).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(positionsOf({ kind: 'prompt' })).toEqual([0, 1, 2, 3])
    expect(positionsOf({ kind: 'generated' })).toEqual([4, 5, 6])
    expect(positionsOf({ kind: 'last' })).toEqual([3])
    expect(positionsOf({ kind: 'ranges', ranges: [[0, 1], [5, 5]] })).toEqual([0, 1, 5])
  })

  it('keeps layers ascending and edits in the order of the request', () => {
    const plan = planEdits([edit(2, 1), edit(1, 2), edit(2, 3)], MODEL, 1)
    expect(plan.layers).toEqual([1, 2])
    expect(plan.at(2, 0).map(({ index, feature }) => [index, feature])).toEqual([[0, 1], [2, 3]])
    expect(plan.at(0, 0)).toEqual([])
  })

  it.each([
    [edit(4, 0), "edit of L4/0 is beyond the model's 4 layers; choose a layer from 0 to 3"],
    [edit(-1, 0), "edit of L-1/0 is beyond the model's 4 layers; choose a layer from 0 to 3"],
    [edit(3, 0), 'edit of L3/0 is at a layer without an SAE; choose one of the layers 1, 2'],
    [edit(1, 100), "edit of L1/100 is beyond the SAE's 100 features; choose a feature from 0 to 99"],
    [edit(1, 0.5), "edit of L1/0.5 is beyond the SAE's 100 features; choose a feature from 0 to 99"],
    [edit(1, 0, { kind: 'add', value: NaN }), 'edit of L1/0 has the value NaN; use a finite number'],
  ])('refuses what does not exist', (wrong, line) => {
    expect(() => planEdits([wrong], MODEL, 1)).toThrow(InputError)
    try {
      planEdits([wrong], MODEL, 1)
    } catch (error) {
      expect((error as InputError).line).toBe(line)
    }
  })

  it('refuses edits without an SAE set', () => {
    expect(() => planEdits([edit(1, 0)], { layers: 4, saeLayers: [], dSae: null }, 1)).toThrow('needs an SAE set')
  })
})

describe('editEffect', () => {
  const top = { features: Int32Array.of(7, 3), activations: Float32Array.of(4, 1.5) }
  const active = (...edits: [feature: number, operation: EditOperation][]) => edits.map(([feature, operation], index) => ({ index, feature, operation }))

  it('reads the top-k gated activation', () => {
    expect(activationOf(top, 3)).toBe(1.5)
    expect(activationOf(top, 4)).toBe(0)
  })

  it.each<[string, number, EditOperation, number | undefined]>([
    ['sets', 7, { kind: 'set', value: 1 }, -3],
    ['sets one that does not fire', 9, { kind: 'set', value: 2 }, 2],
    ['suppresses nothing where it does not fire', 9, { kind: 'set', value: 0 }, undefined],
    ['adds', 9, { kind: 'add', value: -2 }, -2],
    ['scales', 3, { kind: 'scale', value: 0.5 }, -0.75],
    ['scales nothing where it does not fire', 9, { kind: 'scale', value: 5 }, undefined],
    ['clamps to what it is', 7, { kind: 'set', value: 4 }, undefined],
  ])('%s', (_, feature, operation, change) => {
    const { coefficients, fired } = editEffect(active([feature, operation]), top)
    expect(coefficients.get(feature)).toBe(change)
    expect(fired).toEqual(change === undefined ? [] : [0])
  })

  it('lets all edits read the residual as it arrived and adds their differences', () => {
    const { coefficients, fired } = editEffect(active([7, { kind: 'set', value: 0 }], [9, { kind: 'scale', value: 2 }], [7, { kind: 'scale', value: 3 }]), top)
    expect([...coefficients]).toEqual([[7, -4 + 8]])
    expect(fired).toEqual([0, 2])
  })

  it('forgets differences that cancel', () => {
    const { coefficients } = editEffect(active([7, { kind: 'set', value: 0 }], [7, { kind: 'add', value: 4 }]), top)
    expect(coefficients.size).toBe(0)
  })
})

it('compares coefficients by value', () => {
  expect(sameCoefficients(new Map([[1, 2]]), new Map([[1, 2]]))).toBe(true)
  expect(sameCoefficients(new Map([[1, 2]]), new Map([[1, 3]]))).toBe(false)
  expect(sameCoefficients(new Map([[1, 2]]), new Map([[2, 2]]))).toBe(false)
  expect(sameCoefficients(new Map(), new Map([[2, 2]]))).toBe(false)
})

it('moves the residual along the directions, whatever the order of the edits', () => {
  const directions = new Map([[1, Float32Array.of(1, 0.1)], [2, Float32Array.of(0.3, -1)]])
  const one = Float32Array.of(1, 1)
  const other = Float32Array.of(1, 1)
  addDirections(one, new Map([[1, 0.7], [2, -0.2]]), 1, directions)
  addDirections(other, new Map([[2, -0.2], [1, 0.7]]), 1, directions)
  expect(one).toEqual(other)
  expect(one[0]).toBeCloseTo(1 + 0.7 - 0.06, 6)
  expect(one[1]).toBeCloseTo(1 + 0.07 + 0.2, 6)
})
