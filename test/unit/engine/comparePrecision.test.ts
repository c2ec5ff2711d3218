// What a precision costs, against the same figures computed here in float64 from the definition.
import { expect, test } from 'vitest'
import { comparePrecision, type PrecisionReading } from '../../../server/engine/precision/comparePrecision'

const TOKENS = 5
const WIDTH = 16
const noise = (seed: number): number[] => Array.from({ length: TOKENS * WIDTH }, (_, i) => Math.sin(seed + 7.3 * i))
const reading = (residuals: readonly (readonly number[])[], features: readonly (readonly number[])[], likeliest: readonly (number | null)[]): PrecisionReading => ({
  residuals: residuals.map((values) => Float32Array.from(values)), features: new Map([[1, features]]), likeliest,
})

test('residual errors, features that are kept and tokens that stay', () => {
  const exact = [noise(1), noise(2)]
  const measured = [exact[0]!.map((value, i) => value + 0.01 * Math.cos(i)), exact[1]!.map((value) => 1.25 * value)]
  const cost = comparePrecision(
    'q8',
    reading(exact, [[9], [1, 2, 3, 4], [5, 6], [], [7, 8]], [null, 1, 2, 3, 4]),
    reading(measured, [[1], [4, 3, 9, 1], [6, 5], [3], [9, 10]], [null, 1, 2, 9, 4]),
    '/sae',
  )
  const byHand = Array.from({ length: TOKENS - 1 }, (_, i) => {
    const row = exact[0]!.slice((i + 1) * WIDTH, (i + 2) * WIDTH)
    const difference = row.map((_, j) => 0.01 * Math.cos((i + 1) * WIDTH + j))
    return Math.hypot(...difference) / Math.hypot(...row)
  })
  expect(cost.residualError[0]).toBeCloseTo(byHand.reduce((sum, error) => sum + error) / 4, 7)
  expect(cost.residualError[1]).toBeCloseTo(0.25, 6)
  // 3 of 4, 2 of 2, none fires, 0 of 2.
  expect(cost.features).toEqual([{ layer: 1, kept: (0.75 + 1 + 0) / 3 }])
  expect(cost).toMatchObject({ precision: 'q8', tokens: TOKENS, sae: '/sae', sameToken: 0.75 })
})

test('position 0 does not count, however far it is off', () => {
  const exact = [noise(3)]
  const measured = [exact[0]!.map((value, i) => (i < WIDTH ? 1e6 : value))]
  const cost = comparePrecision('q4', reading(exact, [[1], [2], [2], [2], [2]], [null, 1, 1, 1, 1]), reading(measured, [[3], [2], [2], [2], [2]], [null, 1, 1, 1, 1]), null)
  expect(cost).toEqual({ precision: 'q4', tokens: TOKENS, residualError: [0], features: [{ layer: 1, kept: 1 }], sae: null, sameToken: 1 })
})
