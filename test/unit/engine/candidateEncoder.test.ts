// Encoding from 8-bit candidates, against the formula in float64 over every weight: features, activations, and how rows were decided.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ROUNDING_HERE } from '../../../server/checkpoint/roundingThreads'
import { openCandidateEncoder, hasCandidates } from '../../../server/engine/encoding/candidateEncoder'
import { openExactEncoder } from '../../../server/engine/encoding/exactEncoder'
import type { TopK } from '../../../server/engine/encoding/layerEncoder'
import { quantisedSaeEncoder } from '../../../server/engine/encoding/quantisedSaeEncoder'
import type { SaeLayer } from '../../../server/formats/saeLayer'
import type { StoredTensor } from '../../../server/formats/tensorEntry'

const K = 8
const OPTIONS = { providers: [], threads: 1 }
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'candidates-')))
afterAll(() => rmSync(folder, { recursive: true }))

/** Normally distributed numbers, the same for the same seed (Box and Muller). */
function normal(seed: number): () => number {
  let state = seed
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

interface Sae {
  readonly dModel: number
  /** (d_sae, d_model), as stored: rounded to the type. */
  readonly W_enc: Float32Array
  readonly b_enc: Float32Array
  readonly b_dec: Float32Array | null
  readonly layer: SaeLayer
}

let files = 0

function stored(name: string, dtype: 'F32' | 'BF16' | 'F16', shape: readonly number[], values: Float32Array): StoredTensor {
  const file = join(folder, `${name}${files++}`)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bytes = dtype === 'F32' ? Buffer.from(values.buffer, values.byteOffset, values.byteLength) : Buffer.from((dtype === 'BF16' ? Uint16Array.from(bits, (word) => word >>> 16) : Uint16Array.from(values, half)).buffer)
  writeFileSync(file, Buffer.concat([Buffer.alloc(3), bytes]))
  return { name, dtype, shape, stride: shape.length === 2 ? [shape[1]!, 1] : [1], offset: 3, length: bytes.length, file }
}

/** Bits of an IEEE half of a normal number, cut off. */
function half(value: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(value)))
  if (!(exponent >= -14)) return 0
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.floor((Math.abs(value) / 2 ** exponent - 1) * 1024)
}

/** What a type keeps of a number. */
const KEEP = {
  F32: (value: number) => value,
  BF16: (value: number) => new Float32Array(Uint32Array.of(new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff0000).buffer)[0]!,
  F16: (value: number) => {
    const bits = half(value)
    return bits === 0 ? 0 : (bits & 0x8000 ? -1 : 1) * (1 + (bits & 0x3ff) / 1024) * 2 ** (((bits >> 10) & 31) - 15)
  },
}

interface SaeParts {
  readonly dtype?: keyof typeof KEEP
  readonly b_enc?: Float32Array
  readonly b_dec?: Float32Array | null
}

function sae(W: Float32Array, dModel: number, { dtype = 'F32', b_enc = new Float32Array(W.length / dModel), b_dec = null }: SaeParts = {}): Sae {
  const dSae = W.length / dModel
  const W_enc = W.map(KEEP[dtype])
  const layer: SaeLayer = {
    layer: files, dSae, W_enc: stored('W_enc', dtype, [dSae, dModel], W_enc), b_enc: stored('b_enc', 'F32', [dSae], b_enc),
    W_dec: stored('W_dec', 'F32', [1, 1], new Float32Array(1)), b_dec: b_dec && stored('b_dec', 'F32', [dModel], b_dec),
    input: { scale: { kind: 'none' }, subtractsDecoderBias: b_dec !== null }, activation: { kind: 'topk', k: K }, decoderNorm: 'ignored',
  }
  return { dModel, W_enc, b_enc, b_dec, layer }
}

/** The formula, in float64: all features of a row that are above 0, highest first. */
function activeFeatures({ W_enc, b_enc, b_dec, dModel }: Sae, x: Float32Array): { readonly feature: number; readonly value: number }[] {
  const active: { readonly feature: number; readonly value: number }[] = []
  for (let feature = 0; feature < b_enc.length; feature++) {
    let value = b_enc[feature]!
    for (let i = 0; i < dModel; i++) value += (b_dec ? Math.fround(x[i]! - b_dec[i]!) : x[i]!) * W_enc[feature * dModel + i]!
    if (value > 0) active.push({ feature, value })
  }
  return active.sort((a, b) => b.value - a.value || a.feature - b.feature)
}

async function encoded(target: Sae, x: Float32Array) {
  const counts = { rows: 0, widened: 0, exact: 0 }
  const cache = { folder: join(folder, 'cache'), freeBytes: () => Promise.resolve(1e12), startRounding: () => ROUNDING_HERE }
  const quantised = await quantisedSaeEncoder(folder, target.layer, cache, () => {})
  const encoder = await openCandidateEncoder(target.layer, quantised, { ...OPTIONS, counts, exact: () => openExactEncoder(target.layer, null, OPTIONS) })
  const tops = await encoder.encode(x)
  await encoder.release()
  return { tops, counts }
}

/** Rounding of float32 sums, over the largest value of a row; `encoded` may order values that differ by less either way. */
const TOLERANCE = 2e-6

function expectExact(target: Sae, x: Float32Array, tops: readonly TopK[]): void {
  expect(tops.length).toBe(x.length / target.dModel)
  tops.forEach(({ features, activations }, row) => {
    const active = activeFeatures(target, x.subarray(row * target.dModel, (row + 1) * target.dModel))
    const near = (a: number, b: number) => Math.abs(a - b) <= TOLERANCE * (active[0]?.value ?? 0)
    expect(features.length).toBe(Math.min(K, active.length))
    features.forEach((feature, i) => {
      const own = active.find((other) => other.feature === feature)
      expect(own && near(activations[i]!, own.value) && near(own.value, active[i]!.value), `row ${row}: feature ${feature} with ${activations[i]} where ${active[i]!.feature} has ${active[i]!.value}`).toBe(true)
    })
  })
}

const draws = (count: number, next: () => number) => Float32Array.from({ length: count }, next)

describe.each(['F32', 'BF16', 'F16'] as const)('of %s weights', (dtype) => {
  it('finds the same features as all weights, with the same activations', async () => {
    const next = normal(1)
    const target = sae(draws(600 * 256, () => next() / 16), 256, { dtype, b_enc: draws(600, () => next() / 10) })
    const x = draws(70 * 256, next)
    const { tops, counts } = await encoded(target, x)
    expectExact(target, x, tops)
    expect(counts).toEqual({ rows: 70, widened: 0, exact: 0 })
  })
})

it('takes a width that is no multiple of a block, and the decoder bias off', async () => {
  const next = normal(2)
  const target = sae(draws(500 * 200, next), 200, { b_dec: draws(200, next) })
  const x = draws(5 * 200, next)
  const { tops, counts } = await encoded(target, x)
  expectExact(target, x, tops)
  expect(counts.exact).toBe(0)
})

it('sees a feature whose weights are rounded much more coarsely than the others', async () => {
  const next = normal(3)
  const W = draws(1000 * 128, next)
  const x = draws(40 * 128, next)
  // Half of the features have one huge weight where every token is 0: what is left of the others is worth a few steps of rounding.
  for (let feature = 0; feature < 1000; feature += 2) W[feature * 128 + 5] = 3000
  for (let row = 0; row < 40; row++) x[row * 128 + 5] = 0
  const target = sae(W, 128)
  const { tops, counts } = await encoded(target, x)
  expectExact(target, x, tops)
  expect(counts.widened).toBeGreaterThan(0)
})

it('sees past elements of the residual that are thousands of times larger than the others', async () => {
  const next = normal(4)
  const target = sae(draws(1000 * 256, next), 256)
  const x = draws(40 * 256, next)
  for (let row = 0; row < 40; row++) x[row * 256 + 17] = 5000 * next()
  const { tops } = await encoded(target, x)
  expectExact(target, x, tops)
})

it('leaves features that hardly differ to float32 arithmetic', async () => {
  const next = normal(5)
  const common = draws(128, next)
  const target = sae(draws(1000 * 128, next).map((value, i) => common[i % 128]! + 1e-4 * value), 128)
  const x = Float32Array.from({ length: 20 * 128 }, (_, i) => common[i % 128]! + 0.1 * next())
  const { tops, counts } = await encoded(target, x)
  expectExact(target, x, tops)
  expect(counts).toEqual({ rows: 20, widened: 20, exact: 20 })
})

it('orders features with the same weights by number', async () => {
  const next = normal(6)
  const row = draws(128, next)
  const W = draws(400 * 128, next)
  for (const feature of [390, 7, 200]) W.set(row, feature * 128)
  const { tops } = await encoded(sae(W, 128), row)
  expect([...tops[0]!.features.subarray(0, 3)]).toEqual([7, 200, 390])
})

it('keeps fewer than k where fewer are active, and none of a row of zeros', async () => {
  const next = normal(7)
  const target = sae(draws(400 * 128, next), 128, { b_enc: new Float32Array(400).fill(-25) })
  const x = draws(30 * 128, next)
  x.fill(0, 3 * 128, 4 * 128)
  const { tops } = await encoded(target, x)
  expectExact(target, x, tops)
  expect(tops[3]!.features.length).toBe(0)
  expect(tops.some(({ features }) => features.length > 0 && features.length < K)).toBe(true)
})

it('gives a row of zeros its biases', async () => {
  const next = normal(8)
  const target = sae(draws(400 * 128, next), 128, { b_enc: draws(400, next) })
  const { tops, counts } = await encoded(target, new Float32Array(128))
  expectExact(target, new Float32Array(128), tops)
  expect(counts.exact).toBe(0)
})

it('encodes no rows', async () => {
  expect(await encoded(sae(new Float32Array(64 * 128).fill(1), 128), new Float32Array(0))).toEqual({ tops: [], counts: { rows: 0, widened: 0, exact: 0 } })
})

it('does with numbers that are none what float32 arithmetic does', async () => {
  const next = normal(9)
  const target = sae(draws(300 * 128, next), 128)
  const x = draws(3 * 128, next)
  x[130] = NaN
  const { tops } = await encoded(target, x)
  const exact = await openExactEncoder(target.layer, null, OPTIONS)
  expect(tops[1]).toEqual((await exact.encode(x))[1])
  expectExact(target, x.slice(0, 128), tops.slice(0, 1))
  await exact.release()
})

it('exists for top-k over rows that lie together', () => {
  const { layer } = sae(new Float32Array(64 * 128), 128)
  expect(hasCandidates(layer)).toBe(true)
  expect(hasCandidates({ ...layer, activation: { kind: 'relu' } })).toBe(false)
  expect(hasCandidates({ ...layer, decoderNorm: 'folded' })).toBe(false)
  expect(hasCandidates({ ...layer, W_enc: { ...layer.W_enc, stride: [1, 64] } })).toBe(false)
})
