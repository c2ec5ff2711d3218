// A rounded linear layer against its codes and scales in plain arithmetic, in the main graph and inside an `If`.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { boolTensor, float32Data, float32Tensor, openSession } from '../../../server/engine/onnx'
import { quantiseRows, type Quantisation } from '../../../server/formats/quantise'
import { quantisedLayout } from '../../../server/formats/quantisedLayout'
import { GraphWriter } from '../../../server/graph/onnxWriter'
import { quantisedLinear } from '../../../server/graph/quantisedLinear'

const ROWS = 11
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'quantised-linear-')))
afterAll(() => rmSync(folder, { recursive: true }))

const CASES = ([8, 4] as const).flatMap((bits) => [32, 64, 128].flatMap((block) => [block, 2 * block, 2 * block + 7, 5].map((columns) => ({ bits, block, columns }))))

it.each(CASES)('multiplies $columns columns by weights of $bits bits in blocks of $block', async ({ bits, block, columns }) => {
  const W = Float32Array.from({ length: ROWS * columns }, (_, i) => Math.sin(i * 1.7) * 0.1)
  const quantisation: Quantisation = { bits, block }
  const { codes, scales } = quantiseRows(new Uint8Array(W.buffer), 'F32', columns, quantisation)
  const layout = quantisedLayout([[{ name: 'W', rows: ROWS, columns, block }]], bits, {})
  const file = new Uint8Array(layout.fileBytes)
  file.set(codes, layout.matrices[0]!.codes.offset)
  file.set(new Uint8Array(scales.buffer), layout.matrices[0]!.scales.offset)
  const name = `${bits}.${block}.${columns}`
  writeFileSync(join(folder, name), file)

  const main = new GraphWriter('main')
  main.input('x', 'f32', ['T', columns])
  main.input('flag', 'bool', [1])
  const linear = quantisedLinear(layout, name)(main, { tensor: () => { throw new Error('reads no stored weight') }, location: (path) => path }, 'W')
  const [run, skip] = [main.branch('run'), main.branch('skip')]
  run.output(linear(run, 'x'), 'f32', ['T', ROWS])
  skip.output(skip.node('Identity', ['x']), 'f32', ['T', 'N'])
  main.node('If', ['flag'], { then_branch: run, else_branch: skip }, { outputs: ['inside'] })
  main.output('inside', 'f32', ['T', 'N'])
  main.output(main.node('Identity', [linear(main, 'x')], {}, { outputs: ['outside'] }), 'f32', ['T', ROWS])
  const { session } = await openSession(main.modelBytes(), { baseFolder: folder, providers: ['cpu'], threads: 1 })

  for (const T of [1, 3]) {
    const x = Float32Array.from({ length: T * columns }, (_, i) => Math.cos(i * 0.9))
    const { inside, outside } = await session.run({ x: float32Tensor(x, [T, columns]), flag: boolTensor([true]) }, ['inside', 'outside'])
    float32Data(outside).forEach((value, i) => {
      const [t, row] = [Math.floor(i / ROWS), i % ROWS]
      const weights = Array.from({ length: columns }, (_, column) => weightAt(row, column, columns, codes, scales, quantisation))
      const inputs = Array.from(x.subarray(t * columns, (t + 1) * columns))
      const expected = inputs.reduce((sum, input, column) => sum + input * weights[column]!, 0)
      expect(Math.abs(value - expected)).toBeLessThan(ROUNDING_OF_X * Math.hypot(...inputs) * Math.hypot(...weights))
    })
    expect(float32Data(inside)).toEqual(float32Data(outside))
  }
  await session.release()
})

/** The layer rounds x to 8 bits per block; the weights are exact here. */
const ROUNDING_OF_X = 0.004

function weightAt(row: number, column: number, columns: number, codes: Uint8Array, scales: Float32Array, { bits, block }: Quantisation): number {
  const blocks = Math.ceil(columns / block)
  const at = row * blocks * block + column
  const code = bits === 8 ? codes[at]! - 128 : ((at % 2 ? codes[at >> 1]! >> 4 : codes[at >> 1]!) & 15) - 8
  return code * scales[row * blocks + Math.floor(column / block)]!
}
