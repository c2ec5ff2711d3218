// Draws normally distributed numbers fast: one table of the normal quantiles, looked up by the bits of a xorshift generator. The same name gives the same numbers.

/** Fills arrays one after another; each call goes on where the last one ended. */
export interface RandomValues {
  /** bfloat16 bits. */
  fillBf16(out: Uint16Array): void
  fillF32(out: Float32Array): void
  /** Bits that are 0 or 1 alike. */
  fillBits(out: Uint32Array): void
}

const TABLE_BITS = 16

/** Mean 0 and the standard deviation `deviation`; independent between names. */
export function randomValues(name: string, deviation = 1): RandomValues {
  let state = seedOf(name)
  const table = normalQuantiles().map((value) => value * deviation)
  const bf16Table = bf16Bits(table)
  const draw = (): number => {
    // Marsaglia, "Xorshift RNGs" (2003), the triple (13, 17, 5).
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  }
  return {
    fillBf16(out) {
      for (let i = 0; i < out.length; i++) out[i] = bf16Table[draw() >>> (32 - TABLE_BITS)]!
    },
    fillF32(out) {
      for (let i = 0; i < out.length; i++) out[i] = table[draw() >>> (32 - TABLE_BITS)]!
    },
    fillBits(out) {
      for (let i = 0; i < out.length; i++) out[i] = draw()
    },
  }
}

/** The upper halves of the float32s, rounded to nearest. */
function bf16Bits(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  for (let i = 0; i < halves.length; i++) halves[i] = (bits[i]! + 0x8000) >>> 16
  return halves
}

/** FNV-1a; never 0, where xorshift would stay. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
  return hash || 1
}

let quantiles: Float32Array | undefined

/** 2^16 values whose ranks are evenly spread. */
function normalQuantiles(): Float32Array {
  const size = 1 << TABLE_BITS
  return (quantiles ??= Float32Array.from({ length: size }, (_, rank) => normalQuantile((rank + 0.5) / size)))
}

/** Inverse of the normal distribution, to a relative error of 1.15e-9: P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function". */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p)
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    return polynomial([-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783], q)
      / polynomial([7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1], q)
  }
  const q = p - 0.5
  const r = q * q
  return (q * polynomial([-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1, 2.506628277459239], r))
    / polynomial([-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1], r)
}

/** Coefficients from the highest power down. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)
}
