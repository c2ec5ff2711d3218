// Estimates of an encoder rounded to 8 bits and their bounds, against float64 over the weights that were rounded.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { float32Data, float32Tensor, int64Data, int64Tensor, openSession } from '../../../server/engine/onnx'
import { quantiseRows } from '../../../server/formats/quantise'
import { errorVariance, saeCandidatesGraph } from '../../../server/graph/saeCandidates'

const D_MODEL = 320
const D_SAE = 300
const BLOCK = 128
const ROWS = 6
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'candidates-')))
afterAll(() => rmSync(folder, { recursive: true }))

/** Sums of uniform numbers, nearly normal. */
let state = 11
const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
const normal = () => uniform() + uniform() + uniform() + uniform() - 2

it('bounds every feature from above, and not by far', async () => {
  const W = Float32Array.from({ length: D_SAE * D_MODEL }, normal)
  const bias = Float32Array.from({ length: D_SAE }, normal)
  const h = Float32Array.from({ length: ROWS * D_MODEL }, (_, i) => normal() * (1 + Math.floor(i / D_MODEL) * 10))
  const { codes, scales } = quantiseRows(new Uint8Array(W.buffer), 'F32', D_MODEL, { bits: 8, block: BLOCK })
  writeFileSync(join(folder, 'W'), Buffer.concat([codes, new Uint8Array(scales.buffer)]))
  const matrix = { name: 'W_enc', rows: D_SAE, columns: D_MODEL, block: BLOCK, codes: { offset: 0, length: codes.length }, scales: { offset: codes.length, length: scales.byteLength } }
  const { session } = await openSession(saeCandidatesGraph({ matrix, block: BLOCK, location: 'W' }, bias), { baseFolder: folder, providers: [], threads: 1 })
  const variance = errorVariance(h, D_MODEL, BLOCK, 1)
  const feeds = { h: float32Tensor(h, [ROWS, D_MODEL]), variance: float32Tensor(variance, [ROWS, 3]), count: int64Tensor([D_SAE]) }
  const output = await session.run(feeds, ['features', 'upper', 'estimate'])
  const [features, upper, estimate] = [int64Data(output['features']), float32Data(output['upper']), float32Data(output['estimate'])]

  let greatest = 0
  for (let i = 0; i < ROWS * D_SAE; i++) {
    const row = Math.floor(i / D_SAE)
    const feature = features[i]!
    let value = bias[feature]!
    for (let d = 0; d < D_MODEL; d++) value += h[row * D_MODEL + d]! * W[feature * D_MODEL + d]!
    expect(upper[i]).toBeGreaterThan(value)
    greatest = Math.max(greatest, Math.abs(value - estimate[i]!) / (upper[i]! - estimate[i]!))
    if (i % D_SAE > 0) expect(upper[i]).toBeLessThanOrEqual(upper[i - 1]!)
  }
  // Of 1,800 normally distributed errors the greatest is 3.5 deviations, of the 7 or more that the bound allows.
  expect(greatest).toBeLessThan(0.6)
  expect(greatest).toBeGreaterThan(0.25)
  await session.release()
})

it('widens with the factor, and is nothing for a row of zeros', () => {
  const h = Float32Array.from({ length: 2 * 256 }, (_, i) => (i < 256 ? 0 : normal()))
  const [one, three] = [errorVariance(h, 256, 128, 1), errorVariance(h, 256, 128, 3)]
  expect([...one.subarray(0, 2)]).toEqual([0, 0])
  expect(three[2]! / one[2]!).toBeCloseTo(9, 4)
})
