// Ranking numbers: the largest first, equal ones by their place.
import { expect, it } from 'vitest'
import { largest } from '../../../server/engine/largest'

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
