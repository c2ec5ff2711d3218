// What is kept of the residual stream, layer by layer.
import { expect, it } from 'vitest'
import { createArrayPool } from '../../../server/engine/sequence/arrayPool'
import { alwaysKept, ResidualStore } from '../../../server/engine/sequence/residualStore'

/** Rows first … first + count − 1 of a layer, two numbers each that tell layer and position. */
const rows = (layer: number, first: number, count: number) => Float32Array.from({ length: 2 * count }, (_, i) => layer * 1000 + first + (i >> 1))

function filled(lengths: Readonly<Record<number, number>>): ResidualStore {
  const store = new ResidualStore(2, createArrayPool(1e6))
  for (const [layer, length] of Object.entries(lengths)) store.keep(Number(layer), rows(Number(layer), 0, length), 0)
  return store
}

it('gives back what was kept while it grows', () => {
  const store = new ResidualStore(2, createArrayPool(1e6))
  for (const [first, count] of [[0, 100], [100, 1], [101, 300]] as const) store.keep(5, rows(5, first, count), first)
  expect(store.rows(5)).toBe(401)
  expect(store.read(5, 90, 110)).toEqual(rows(5, 90, 20))
  expect(store.bytes).toBeGreaterThanOrEqual(401 * 2 * 4)
})

it('overwrites positions that are computed again and passes over those that do not follow', () => {
  const store = filled({ 3: 10 })
  store.keep(3, rows(7, 4, 2), 4)
  expect(store.read(3, 3, 7)).toEqual(Float32Array.of(3003, 3003, 7004, 7004, 7005, 7005, 3006, 3006))
  store.keep(3, rows(3, 12, 1), 12)
  expect(store.rows(3)).toBe(10)
})

it('tells how far each layer is computed, by what is kept at or above it', () => {
  const store = filled({ 3: 20, 7: 12, 11: 5 })
  expect([0, 3, 4, 7, 8, 11, 12].map((layer) => store.computedAt(layer))).toEqual([20, 20, 12, 12, 5, 5, 0])
  expect([0, 4, 5, 11, 12, 19, 20].map((position) => store.highestAt(position))).toEqual([11, 11, 7, 7, 3, 3, null])
})

it('cuts and copies without sharing', () => {
  const store = filled({ 3: 20, 7: 12 })
  const copy = store.copyPrefix((layer) => (layer === 3 ? 15 : 0))
  expect(copy.layers).toEqual([3])
  store.cut(8)
  expect([store.rows(3), store.rows(7), copy.rows(3)]).toEqual([8, 8, 15])
  store.keep(3, rows(9, 0, 8), 0)
  expect(copy.read(3, 0, 15)).toEqual(rows(3, 0, 15))
})

it.each([[28, [3, 7, 11, 15, 19, 23, 27]], [6, [3, 5]], [3, [2]]])('of %i layers keeps every fourth and the last', (layers, kept) => {
  expect(alwaysKept(layers)).toEqual(kept)
})

it('leaves rows to the store that it was copied from, and has them back', () => {
  const source = filled({ 1: 80, 5: 100 })
  const copy = source.copyPrefix(() => 90)
  copy.keep(5, rows(5, 90, 30), 90)
  copy.fold(90)
  expect(copy.rows(5)).toBe(120)
  expect(copy.bytes).toBe(30 * 2 * 4)
  copy.unfold(source)
  expect(copy.read(5, 0, 120)).toEqual(rows(5, 0, 120))
  expect(copy.read(1, 0, 80)).toEqual(rows(1, 0, 80))
})
