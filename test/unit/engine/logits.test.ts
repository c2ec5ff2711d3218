// From logits to probabilities.
import { expect, it } from 'vitest'
import { largest, likeliest, logSumExp } from '../../../server/engine/logits'

it('normalises without overflow', () => {
  expect(logSumExp(Float32Array.of(1000, 1000))).toBeCloseTo(1000 + Math.log(2), 10)
  expect(logSumExp(Float32Array.of(-1000, -1001))).toBeCloseTo(-1000 + Math.log(1 + Math.exp(-1)), 10)
})

it('ranks by value, equal ones by index', () => {
  expect(largest(Float32Array.of(1, 5, 3, 5, 4), 3)).toEqual([1, 3, 4])
  expect(largest(Float32Array.of(2, 2, 2), 5)).toEqual([0, 1, 2])
  expect(largest(Float32Array.of(1), 0)).toEqual([])
})

it('agrees with sorting everything', () => {
  const values = Float32Array.from({ length: 500 }, (_, i) => ((i * 7919) % 101) / 10)
  const sorted = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b)
  for (const count of [1, 7, 499, 500]) expect(largest(values, count)).toEqual(sorted.slice(0, count))
})

it('gives natural-log probabilities that sum to one', () => {
  const row = Float32Array.of(0.5, -1, 2, 0)
  const all = likeliest(row, 4, logSumExp(row))
  expect(all.map(({ id }) => id)).toEqual([2, 0, 3, 1])
  expect(all.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 12)
})
