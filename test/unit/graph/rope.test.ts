// Rotation angles, against the formula in double precision.
import { expect, it } from 'vitest'
import { ropeRows } from '../../../server/graph/rope'

it('gives cosine and sine of position · θ^(−2j/d) for the asked positions', () => {
  const { cos, sin } = ropeRows({ theta: 10_000, rotaryDim: 8, scaling: null }, 100, 3)
  for (let row = 0; row < 3; row++) {
    for (let j = 0; j < 4; j++) {
      const angle = (100 + row) * 10_000 ** ((-2 * j) / 8)
      expect(cos[row * 4 + j]).toBeCloseTo(Math.cos(angle), 4)
      expect(sin[row * 4 + j]).toBeCloseTo(Math.sin(angle), 4)
    }
  }
  expect(cos).toHaveLength(12)
})

it('rounds frequencies and angles to float32 where transformers does', () => {
  // torch 2.13: inv_freq = 1 / 1e6 ** (arange(0, 128, 2).float() / 128); (3000 * inv_freq).cos(), at j = 1, 2 and 40.
  const { cos } = ropeRows({ theta: 1e6, rotaryDim: 128, scaling: null }, 3000, 1)
  expect(cos[1]).toBeCloseTo(EXPECTED[0], 6)
  expect(cos[2]).toBeCloseTo(EXPECTED[1], 6)
  expect(cos[40]).toBeCloseTo(EXPECTED[2], 6)
})

const EXPECTED = [0.07100459188222885, 0.9367913007736206, 0.8610406517982483] as const
