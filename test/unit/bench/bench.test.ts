// The benchmarks run from end to end on a tiny model, and their table says what was measured; how fast is none of a test's business.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBandwidth } from '../../../scripts/bench/bandwidth'
import { benchFiles } from '../../../scripts/bench/benchFiles'
import { benchOptions } from '../../../scripts/bench/benchOptions'
import { busyText } from '../../../scripts/bench/busyText'
import { bytesPerToken, weightBytes } from '../../../scripts/bench/bytesPerToken'
import type { Contestants } from '../../../scripts/bench/contestants'
import { freshPrompts } from '../../../scripts/bench/freshPrompts'
import { measure, type Measured } from '../../../scripts/bench/measure'
import { inTurn, median } from '../../../scripts/bench/median'
import { QWEN3_1_7B, TINY } from '../../../scripts/bench/modelShape'
import { openOurs } from '../../../scripts/bench/ours'
import { amount, compared, gigabytes } from '../../../scripts/bench/row'
import { tableText } from '../../../scripts/bench/table'
import { wasmReader } from '../../../scripts/bench/wasmReader'
import { createEngineCore } from '../../../server/engine/engineCore'
import { temporaryFolder } from './temporaryFolder'

const folder = temporaryFolder()

describe('npm run bench', () => {
  const options = benchOptions(['--shape', 'tiny', '--folder', folder, '--repeats', '2', '--steps', '3', '--context', '16', '--only', 'decode,prefill,layers,rerun', '--precision', 'exact'])
  let measured: Measured
  beforeAll(async () => {
    const files = benchFiles(folder, TINY, ['model', 'sae'], () => undefined)
    const ours = openOurs({ engine: createEngineCore(), model: files.model, sae: files.sae, threads: 1, top: TINY.sae.k })
    const bandwidth = openBandwidth(1, null, 2 ** 20)
    const alone: Contestants = {
      root: '', files, ours, bandwidth: () => bandwidth, llama: async () => null, python: () => null, freshEngine: () => { throw new Error('not started') },
      rest: async () => (await bandwidth).close(), close: () => ours.close(),
    }
    measured = await measure(alone, options, () => undefined)
    await alone.close()
  })

  it('measures every part that it was asked for', () => {
    expect(measured.notes).toEqual([])
    expect(measured.rows.map(({ part }) => part)).toEqual([['decode', 5], ['prefill', 2], ['layers', 3], ['rerun', 6]].flatMap(([part, count]) => Array.from({ length: Number(count) }, () => part)))
  })

  it('takes each measurement as often as it was told', () => {
    for (const { samples } of measured.rows) expect(samples['ours']).toHaveLength(2)
    expect(measured.rows.filter(({ samples }) => !samples['ours']!.every((ms) => ms > 0 && Number.isFinite(ms)))).toEqual([])
  })
})

it('an edit that is measured is one that fires', async () => {
  const { held, raised } = await import('../../../scripts/bench/benchEdits')
  const files = benchFiles(folder, TINY, ['model', 'sae'], () => undefined)
  const ours = openOurs({ engine: createEngineCore(), model: files.model, sae: files.sae, threads: 1, top: TINY.sae.k })
  await ours.load('exact')
  const [layer = 0] = TINY.sae.layers
  const { last } = await ours.run({ ids: [1, 2, 3], steps: 4, layers: [layer], edits: [held(layer, 'generated'), raised(layer, 'generated')] })
  expect(last).toMatchObject({ index: 6, generated: true, fired: [0, 1] })
  await ours.close()
})

it('contestants take turns', async () => {
  const order: string[] = []
  const samples = await inTurn(2, { a: async (round) => order.push(`a${round}`), b: async (round) => order.push(`b${round}`) })
  expect(order).toEqual(['a0', 'b0', 'a1', 'b1'])
  expect(samples).toEqual({ a: [1, 3], b: [2, 4] })
})

it('no two prompts begin alike', () => {
  const prompts = freshPrompts(QWEN3_1_7B.model.vocabSize)
  const firsts = Array.from({ length: 200 }, () => prompts.next(4)[0])
  expect(new Set(firsts).size).toBe(200)
})

it('a median lies in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).toEqual([2, 2.5, NaN])
})

it('a step reads the weights as they are stored, and the keys and values', () => {
  expect(weightBytes({ weightsCache: null, parameters: 1000 })).toBe(4000)
  expect(weightBytes({ weightsCache: { folder: '', bytes: 1100, written: false }, parameters: 1000 })).toBe(1100)
  // Two times 28 layers of 8 heads of 128, in float32.
  expect(bytesPerToken(QWEN3_1_7B.model, 1e9, 4096)).toBe(1e9 + 229_376 * 4096)
})

it.each([1, 2, 4])('the reader in %d streams reads every byte of its memory', (streams) => {
  const bytes = 2 ** 18
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasmReader(bytes, streams)))
  const { memory, read } = exports as { memory: WebAssembly.Memory; read: () => number }
  const words = new Int32Array(memory.buffer)
  for (let lane = 0; lane < words.length; lane += 4) words[lane] = Math.imul(lane + 1, 0x9e3779b1)
  expect(words.length).toBe(bytes / 4)
  expect(read()).toBe(words.reduce((folded, word) => folded ^ word, 0))
})

it('the table says whether a target was reached, by the medians', () => {
  const lines = tableText([
    compared({ part: 'decode', what: 'a', ours: [1, 2, 9], theirs: [5, 4, 3], ratio: 'speed', target: { atLeast: 1 } }),
    compared({ part: 'layers', what: 'b', ours: [2], theirs: [1], ratio: 'share', target: { atMost: 1.5 } }),
    compared({ part: 'decode', what: 'c', ours: [2], theirs: [], ratio: 'speed', target: { atLeast: 1 } }),
    amount({ part: 'memory', what: 'd', values: [3e9], text: gigabytes, target: { atMost: 2.9e9 } }),
  ]).split('\n')
  expect(lines.slice(2).map((line) => line.split('|').map((cell) => cell.trim()).slice(1, -1))).toEqual([
    ['a', '2.0 ms', '4.0 ms', '2.00', '3.00', '≥ 1.0', 'reached'],
    ['b', '2.0 ms', '1.0 ms', '2.00', '2.00', '≤ 1.5', 'missed'],
    ['c', '2.0 ms', '', '', '', '', ''],
    ['d', '3.00 GB', '', '', '', '≤ 2.90 GB', 'missed'],
  ])
})

it('a machine whose cores compute other things is called busy', async () => {
  const other = new Worker('for (;;) {}', { eval: true })
  const second = new Worker('for (;;) {}', { eval: true })
  try {
    await Promise.all([other, second].map((worker) => once(worker, 'online')))
    expect(await busyText(300)).toMatch(/^other programs used \d+\.\d of \d+ cores/)
  } finally {
    await Promise.all([other.terminate(), second.terminate()])
  }
})

it('an unknown part is refused with the known ones', () => {
  expect(() => benchOptions(['--only', 'decode,speed'])).toThrow(/--only takes demo, hover, debugger, decode, .*not "speed"/)
})
