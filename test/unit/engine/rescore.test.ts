// The exact top-k from candidates with bounds, against sorting all exact values.
import { describe, expect, it } from 'vitest'
import { rescore, type Candidates } from '../../../server/engine/encoding/rescore'

/** Numbers from 0 to 1, the same for the same seed. */
function draw(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** The `count` features with the highest bounds, when estimates differ from `values` by up to `error` and bounds allow `bound`. */
function candidatesOf(values: readonly number[], count: number, error: number, bound: number, next = draw(1)): Candidates {
  const all = values.map((value, feature) => {
    const estimate = Math.fround(value + (2 * next() - 1) * error)
    return { feature, estimate, upper: Math.fround(estimate + bound) }
  })
  const chosen = all.sort((a, b) => b.upper - a.upper).slice(0, count)
  return { features: Int32Array.from(chosen, ({ feature }) => feature), upper: Float32Array.from(chosen, ({ upper }) => upper), estimate: Float32Array.from(chosen, ({ estimate }) => estimate) }
}

function topOf(values: readonly number[], k: number): { features: number[]; activations: number[] } {
  const active = values.map((value, feature) => ({ value, feature })).filter(({ value }) => value > 0)
  const top = active.sort((a, b) => b.value - a.value || a.feature - b.feature).slice(0, k)
  return { features: top.map(({ feature }) => feature), activations: top.map(({ value }) => value) }
}

const plain = ({ features, activations }: { readonly features: Int32Array; readonly activations: Float32Array }) => ({ features: [...features], activations: [...activations] })

describe('whenever it says that it is certain', () => {
  it.each([
    ['random values', (next: () => number) => next() * 4 - 2],
    ['values in a narrow band', (next: () => number) => 1 + next() * 0.2],
    ['few values, many of them equal', (next: () => number) => Math.floor(next() * 6) / 4 - 0.5],
    ['mostly inactive features', (next: () => number) => (next() < 0.02 ? next() : -1 - next())],
  ])('the top is that of all values: %s', (_, value) => {
    let certain = 0
    for (let seed = 0; seed < 200; seed++) {
      const next = draw(seed)
      const values = Array.from({ length: 200 }, () => Math.fround(value(next)))
      const result = rescore(candidatesOf(values, 40, 0.004, 0.01, next), 10, false, (feature) => values[feature]!)
      if (!result.isCertain) continue
      certain++
      expect(plain(result.top)).toEqual(topOf(values, 10))
    }
    expect(certain).toBeGreaterThan(20)
  })
})

it('asks for no more exact values than the bounds demand', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  const asked: number[] = []
  rescore(candidatesOf(values, 50, 0, 1.5), 10, false, (feature) => {
    asked.push(feature)
    return values[feature]!
  })
  // The tenth value is 91, and that of feature 10, with the bound 91.5, might be as high.
  expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

it('is not certain when the candidates end before the bounds fall below the weakest', () => {
  const values = Array.from({ length: 100 }, () => 1)
  expect(rescore(candidatesOf(values, 50, 0, 0.1), 10, false, (feature) => values[feature]!).isCertain).toBe(false)
  expect(rescore(candidatesOf(values, 100, 0, 0.1), 10, true, (feature) => values[feature]!)).toMatchObject({ isCertain: true, top: { features: Int32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) } })
})

it('is not certain when the errors that it finds come near their bounds', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  const differing = (by: number) => rescore(candidatesOf(values, 50, 0, 0.5), 10, false, (feature) => values[feature]! + by)
  expect(differing(0.3).error).toBeCloseTo(0.6)
  expect(differing(0.3).isCertain).toBe(false)
  expect(differing(0.2).isCertain).toBe(true)
})

it('keeps fewer than k when fewer are active', () => {
  const values = [0.5, -1, 0, 2, -3]
  const { top, isCertain } = rescore(candidatesOf(values, 5, 0, 0.01), 4, false, (feature) => values[feature]!)
  expect(plain(top)).toEqual({ features: [3, 0], activations: [2, 0.5] })
  expect(isCertain).toBe(true)
})

it('is not certain of values that are not numbers', () => {
  expect(rescore({ features: Int32Array.of(0), upper: Float32Array.of(NaN), estimate: Float32Array.of(NaN) }, 1, true, () => NaN).isCertain).toBe(false)
})
