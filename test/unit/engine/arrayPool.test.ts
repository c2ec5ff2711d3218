// Arrays that are used again come back as zeros, and no more are kept than may be.
import { expect, it } from 'vitest'
import { createArrayPool } from '../../../server/engine/sequence/arrayPool'

it('gives zeros, whatever the array held before', () => {
  const pool = createArrayPool(1000)
  const array = pool.take(10).fill(NaN)
  pool.give(array)
  expect(pool.bytes).toBe(40)
  expect(pool.take(11)).not.toBe(array)
  const again = pool.take(10)
  expect(again).toBe(array)
  expect(again).toEqual(new Float32Array(10))
  expect(pool.bytes).toBe(0)
})

it('keeps no more than its limit', () => {
  const pool = createArrayPool(100)
  for (let i = 0; i < 5; i++) pool.give(new Float32Array(10))
  pool.give(new Float32Array(0))
  expect(pool.bytes).toBe(80)
})

it('makes ahead what is missing, step by step, up to its limit', () => {
  const pool = createArrayPool(1000)
  pool.give(new Float32Array(50))
  expect([...pool.prepare([50, 50, 20])]).toHaveLength(2)
  expect(pool.bytes).toBe(4 * (50 + 50 + 20))
  expect([...pool.prepare([50, 50, 20])]).toHaveLength(0)
  expect([...pool.prepare([1000])]).toHaveLength(0)
})
