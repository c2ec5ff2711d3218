// The SAE encoder graph against the formula in plain arithmetic, for every stored type and layout.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { saeEncoderGraph } from '../../../server/graph/sae'
import type { SaeLayer } from '../../../server/formats/saeLayer'
import type { StoredTensor } from '../../../server/formats/tensorEntry'
import { float32Data, float32Tensor, int64Data, openSession } from '../../../server/engine/onnx'

const D_MODEL = 6
const D_SAE = 20
const K = 4
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sae-')))
afterAll(() => rmSync(folder, { recursive: true }))

/** Multiples of 1/8, which every stored type holds exactly. */
const value = (i: number) => (((i * 37) % 23) - 11) / 8
const W = Array.from({ length: D_SAE }, (_, f) => Array.from({ length: D_MODEL }, (_, d) => value(f * D_MODEL + d)))
const b = Array.from({ length: D_SAE }, (_, f) => value(f * 3 + 1))
const X = [0, 1, 2].map((row) => Array.from({ length: D_MODEL }, (_, d) => value(row * 5 + d * 7)))

function stored(name: string, dtype: 'F32' | 'F16' | 'BF16', shape: number[], stride: number[], values: number[]): StoredTensor {
  const file = join(folder, `${name}.${dtype}.${stride.join('x')}`)
  const bits = new Uint32Array(Float32Array.from(values).buffer)
  const bytes = dtype === 'F32' ? bits : dtype === 'BF16' ? Uint16Array.from(bits, (word) => word >>> 16) : Uint16Array.from(values, half)
  writeFileSync(file, Buffer.concat([Buffer.alloc(3), Buffer.from(bytes.buffer)]))
  return { name, dtype, shape, stride, offset: 3, length: bytes.byteLength, file }
}

/** Bits of an IEEE half for multiples of 1/8 below 2. */
function half(v: number): number {
  if (v === 0) return 0
  const exponent = Math.floor(Math.log2(Math.abs(v)))
  return (v < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round((Math.abs(v) / 2 ** exponent - 1) * 1024)
}

describe.each(['F32', 'F16', 'BF16'] as const)('%s', (dtype) => {
  it.each(['row-major', 'transposed'])('encodes with %s weights', async (layout) => {
    const W_enc =
      layout === 'row-major'
        ? stored('W_enc', dtype, [D_SAE, D_MODEL], [D_MODEL, 1], W.flat())
        : stored('W_enc', dtype, [D_SAE, D_MODEL], [1, D_SAE], Array.from({ length: D_MODEL * D_SAE }, (_, i) => W[i % D_SAE]![Math.floor(i / D_SAE)]!))
    const graph = saeEncoderGraph(topK(W_enc, stored('b_enc', dtype, [D_SAE], [1], b)), (file) => file.slice(folder.length + 1))
    const { session } = await openSession(graph, { baseFolder: folder, providers: [], threads: 1 })
    const output = await session.run({ x: float32Tensor(Float32Array.from(X.flat()), [3, D_MODEL]) }, ['activations', 'features'])
    const activations = float32Data(output['activations'])
    const features = int64Data(output['features'])
    X.forEach((x, row) => {
      const all = W.map((weights, f) => ({ f, a: Math.max(0, weights.reduce((sum, w, d) => sum + w * x[d]!, b[f]!)) }))
      const expected = all.sort((left, right) => right.a - left.a || left.f - right.f).slice(0, K)
      expect([...activations.subarray(row * K, (row + 1) * K)]).toEqual(expected.map(({ a }) => a))
      expect([...features.subarray(row * K, (row + 1) * K)]).toEqual(expected.map(({ f }) => f))
    })
    await session.release()
  })
})

it('refuses strides that are neither', () => {
  const W_enc: StoredTensor = { name: 'W_enc', dtype: 'F32', shape: [4, 2], stride: [4, 2], offset: 0, length: 60, file: '/x' }
  expect(() => saeEncoderGraph(topK(W_enc, null), () => 'x')).toThrow('strides [4, 2]')
})

/** A top-k SAE as Qwen-Scope's; nothing here reads its decoder. */
function topK(W_enc: StoredTensor, b_enc: StoredTensor | null): SaeLayer {
  return {
    layer: 0, dSae: W_enc.shape[0]!, W_enc, b_enc, W_dec: W_enc, b_dec: null,
    input: { scale: { kind: 'none' }, subtractsDecoderBias: false }, activation: { kind: 'topk', k: K }, decoderNorm: 'ignored',
  }
}
