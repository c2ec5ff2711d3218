// Choosing a token: greedy ties, filters, and random numbers that depend on seed and position only.
import { describe, expect, it } from 'vitest'
import { sampleToken, samplingKey, uniform } from '../../../server/engine/sampler'
import { GREEDY, type Sampling } from '../../../server/protocol/values'

const logits = (...values: number[]) => Float32Array.from(values)
const sampling = (values: Partial<Sampling>): Sampling => ({ temperature: 1, topP: 1, topK: 0, seed: 0, ...values })
const draws = (row: Float32Array, how: Sampling, count = 4000): Map<number, number> => {
  const seen = new Map<number, number>()
  for (let position = 0; position < count; position++) {
    const id = sampleToken(row, how, position)
    seen.set(id, (seen.get(id) ?? 0) + 1 / count)
  }
  return seen
}

describe('sampleToken', () => {
  it('takes the lowest id of equal logits when greedy', () => {
    expect(sampleToken(logits(1, 3, 2, 3), GREEDY, 5)).toBe(1)
    expect(sampleToken(logits(-2, -2), GREEDY, 0)).toBe(0)
  })

  it('draws each token as often as its probability says', () => {
    const row = logits(Math.log(0.5), Math.log(0.3), Math.log(0.2))
    const seen = draws(row, sampling({}))
    expect(seen.get(0)).toBeCloseTo(0.5, 1)
    expect(seen.get(1)).toBeCloseTo(0.3, 1)
    expect(seen.get(2)).toBeCloseTo(0.2, 1)
  })

  it('sharpens at low temperature', () => {
    const row = logits(Math.log(0.6), Math.log(0.4))
    // p ∝ p^(1/T): 0.36 / (0.36 + 0.16) at T = 0.5.
    expect(draws(row, sampling({ temperature: 0.5 })).get(0)).toBeCloseTo(0.36 / 0.52, 1)
  })

  it('keeps the k likeliest with top-k', () => {
    expect([...draws(logits(0, 2, 1, 3), sampling({ topK: 2 })).keys()].sort()).toEqual([1, 3])
    expect([...draws(logits(0, 2, 1, 3), sampling({ topK: 1 })).keys()]).toEqual([3])
  })

  it('keeps the smallest set that reaches top-p, the token that crosses it included', () => {
    const row = logits(Math.log(0.1), Math.log(0.6), Math.log(0.3))
    expect([...draws(row, sampling({ topP: 0.6 })).keys()]).toEqual([1])
    expect([...draws(row, sampling({ topP: 0.61 })).keys()].sort()).toEqual([1, 2])
    expect([...draws(row, sampling({ topP: 1e-9 })).keys()]).toEqual([1])
  })

  it('applies top-p to what top-k left', () => {
    const row = logits(Math.log(0.4), Math.log(0.35), Math.log(0.25))
    // Of the two that remain the first has 0.4 / 0.75 > 0.53.
    expect([...draws(row, sampling({ topK: 2, topP: 0.53 })).keys()]).toEqual([0])
  })

  it('never draws a token of probability 0', () => {
    expect([...draws(logits(-Infinity, 1, -Infinity), sampling({})).keys()]).toEqual([1])
  })

  it('filters a large flat vocabulary exactly', () => {
    const row = new Float32Array(20_000)
    expect(Math.max(...draws(row, sampling({ topP: 0.001 }), 50).keys())).toBeLessThan(20)
  })
})

describe('uniform', () => {
  it('depends on seed and position only and spreads evenly', () => {
    expect(uniform(7, 3)).toBe(uniform(7, 3))
    expect(new Set([uniform(0, 0), uniform(0, 1), uniform(1, 0), uniform(2 ** 32, 0), uniform(-1, 0)]).size).toBe(5)
    const numbers = Array.from({ length: 10_000 }, (_, position) => uniform(42, position))
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeLessThan(1)
    expect(numbers.reduce((a, b) => a + b) / numbers.length).toBeCloseTo(0.5, 1)
    const neighbours = numbers.slice(1).reduce((sum, value, i) => sum + (value - 0.5) * (numbers[i]! - 0.5), 0) / numbers.length
    expect(Math.abs(neighbours)).toBeLessThan(0.005)
  })
})

describe('samplingKey', () => {
  it('is the same for every greedy sampling and differs where tokens may differ', () => {
    expect(samplingKey({ ...GREEDY, seed: 9, topP: 0.5 })).toBe(samplingKey(GREEDY))
    expect(samplingKey(sampling({ seed: 1 }))).not.toBe(samplingKey(sampling({ seed: 2 })))
    expect(samplingKey(sampling({ topK: 1 }))).not.toBe(samplingKey(sampling({ topK: 2 })))
  })
})
