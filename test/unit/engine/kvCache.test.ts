// Keys and values stay where they belong while the cache grows and is copied.
import { expect, it } from 'vitest'
import { createArrayPool } from '../../../server/engine/sequence/arrayPool'
import { KvCache } from '../../../server/engine/sequence/kvCache'

const SHAPE = { layers: [0, 1], kvHeads: 3, headDim: 2 }

/** A number that tells layer, head, position and dimension. */
const mark = (layer: number, head: number, position: number, dim: number) => layer * 1e6 + head * 1e5 + position * 10 + dim

function rows(layer: number, first: number, count: number): Float32Array {
  const result: number[] = []
  for (let head = 0; head < 3; head++) for (let p = first; p < first + count; p++) for (let dim = 0; dim < 2; dim++) result.push(mark(layer, head, p, dim))
  return Float32Array.from(result)
}

function expectRows(cache: KvCache, count: number): void {
  for (let layer = 0; layer < 2; layer++)
    for (let head = 0; head < 3; head++)
      for (let p = 0; p < count; p++)
        for (let dim = 0; dim < 2; dim++) {
          expect(cache.key(layer)[(head * cache.capacity + p) * 2 + dim]).toBe(mark(layer, head, p, dim))
          expect(cache.value(layer)[(head * cache.capacity + p) * 2 + dim]).toBe(-mark(layer, head, p, dim))
        }
}

function filled(counts: readonly number[], expected = 0): KvCache {
  const cache = new KvCache(SHAPE, createArrayPool(1e6))
  cache.expect(expected)
  let first = 0
  for (const count of counts) {
    cache.reserve(first + count)
    for (let layer = 0; layer < 2; layer++) cache.write(layer, rows(layer, first, count), rows(layer, first, count).map((v) => -v), first, count)
    first += count
  }
  return cache
}

it('keeps what was written while it grows past its capacity', () => {
  const cache = filled([100, 1, 64, 200])
  expectRows(cache, 365)
  expect(cache.capacity).toBeGreaterThanOrEqual(365)
  expect(cache.bytes).toBe(2 * 4 * 2 * 3 * 2 * cache.capacity)
})

it.each([0, 2000, 1e9])('grows in place and into new arrays alike with %i positions expected, and leaves zeros where nothing was written', (expected) => {
  const cache = filled([120, 10, 870, 100, 1000], expected)
  expectRows(cache, 2100)
  expect(cache.key(1)).toHaveLength(3 * cache.capacity * 2)
  for (let head = 0; head < 3; head++) expect(cache.value(1).subarray((head * cache.capacity + 2100) * 2, (head + 1) * cache.capacity * 2).every((value) => value === 0)).toBe(true)
})

it('copies a prefix that no longer shares anything', () => {
  const cache = filled([300])
  const copy = cache.copyPrefix(() => 150)
  expect(copy.capacity).toBeLessThan(cache.capacity)
  cache.key(0).fill(NaN)
  cache.value(1).fill(NaN)
  const untouched = filled([300]).copyPrefix(() => 150)
  expect(copy.key(0)).toEqual(untouched.key(0))
  expectRows(copy, 150)
})

it.each([[130, 300], [1, 129], [128, 128]])('leaves its first %i of %i positions to the cache that it was copied from, and has them back', (shared, count) => {
  const source = filled([300])
  const copy = source.copyPrefix(() => shared)
  copy.reserve(count)
  for (let layer = 0; layer < 2; layer++) copy.write(layer, rows(layer, shared, count - shared), rows(layer, shared, count - shared).map((v) => -v), shared, count - shared)
  copy.fold(shared, count)
  expect(copy.bytes).toBe(2 * 4 * 2 * 3 * 2 * (count - shared))
  copy.unfold(source)
  expectRows(copy, count)
  expectRows(source, 300)
  copy.reserve(count + 200)
  expectRows(copy, count)
})
