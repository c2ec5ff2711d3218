// Memory that models need at each precision against memory that machines have.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseGpus } from '../../../server/checkpoint/machine'
import { bytesNeeded, choosePrecision, diskBytes, precisionFits, refuseTooLarge } from '../../../server/checkpoint/precisionFit'
import { byteText } from '../../../server/formats/byteText'
import { parseModelConfig } from '../../../server/formats/modelConfig'
import { InputError } from '../../../server/protocol/errors'
import { TINY_CONFIG } from './tinyFolders'

const GB = 1e9
const PROGRAM = 0.4 * GB
const modelOf = (config: object, parameters: number) => ({ config: parseModelConfig({ ...TINY_CONFIG, ...config }, 'config.json'), parameters })
const large = modelOf({ hidden_size: 4096, intermediate_size: 12288, num_hidden_layers: 36, num_attention_heads: 32, num_key_value_heads: 8, head_dim: 128, max_position_embeddings: 32768, vocab_size: 151936, tie_word_embeddings: false }, 8_190_735_360)
const small = modelOf({ hidden_size: 2048, intermediate_size: 6144, num_hidden_layers: 28, num_attention_heads: 16, num_key_value_heads: 8, head_dim: 128, max_position_embeddings: 40960, vocab_size: 151936, tie_word_embeddings: true }, 1_720_574_976)

describe('Qwen3-8B', () => {
  const weights = large.parameters - 151936 * 4096
  const positions = 2 * 36 * 8 * 128 * 4 * 4096
  const down = 36 * 4096 * 12288
  const norms = 36 * (2 * 4096 + 2 * 128) + 4096
  // A float32 scale for 128 weights, for 32 of down_proj; norms are not rounded.
  const rounded = (bytesPerWeight: number, perBlock: number): number => (bytesPerWeight + perBlock / 128) * (weights - down - norms) + (bytesPerWeight + perBlock / 32) * down
  test('needs its weights without the embeddings, the head twice while it loads, or keys and values of 4096 positions', () => {
    const [exact] = precisionFits(large, { memoryBytes: 32 * GB, gpus: [{ name: 'Small', memoryBytes: 8 * GB }, { name: 'Large', memoryBytes: 80 * GB }] })
    expect(exact).toEqual({
      precision: 'exact', bytesNeeded: PROGRAM + 4 * weights + 4 * 151936 * 4096, diskBytes: 0, stored: null, fits: false,
      problem: 'needs 33.2 GB, and of the 32.0 GB of this machine 25.6 GB can be used', gpu: { fits: true, note: 'fits into the 80.0 GB of Large' },
    })
    expect(bytesNeeded(large, 'q4')).toBe(PROGRAM + rounded(0.5, 8) + 4 * norms + positions)
  })
  test('fits at q8 what it does not at exact', () => {
    const fits = precisionFits(large, { memoryBytes: 16 * GB, gpus: [] })
    expect(fits.map(({ precision, fits: does }) => [precision, does])).toEqual([['exact', false], ['q8', true], ['q4', true]])
    expect(fits[1]!.problem).toBeNull()
  })
  test('writes a byte per weight at q8 and half a byte at q4, with a float32 scale for each block', () => {
    expect([diskBytes(large, 'q8'), diskBytes(large, 'q4')]).toEqual([rounded(1, 4), rounded(0.5, 4)])
  })
  test('says when a GPU is too small or not there', () => {
    const [exact] = precisionFits(large, { memoryBytes: 64 * GB, gpus: [{ name: 'Small', memoryBytes: 8 * GB }] })
    expect(exact).toMatchObject({ fits: true, problem: null, gpu: { fits: false, note: 'needs 33.2 GB, and of the 8.0 GB of Small 6.4 GB can be used' } })
    expect(precisionFits(large, { memoryBytes: 64 * GB, gpus: [] })[0]!.gpu).toEqual({ fits: false, note: 'no NVIDIA GPU was found' })
  })
})

describe('a model that no memory and swap space hold is refused', () => {
  const refusal = (precision: 'exact' | 'q8' | 'q4', memoryBytes: number, swapBytes: number): string | null => {
    try {
      refuseTooLarge('/models/Qwen3-8B', large, precision, { memoryBytes, swapBytes })
      return null
    } catch (error) {
      return error instanceof InputError ? error.line : String(error)
    }
  }
  const needs = (precision: 'q8' | 'q4'): string => byteText(bytesNeeded(large, precision))
  test('only beyond both', () => expect(refusal('exact', 32 * GB, 8 * GB)).toBeNull())
  test('with the precision that would fit', () => {
    expect(refusal('exact', 12 * GB, 2 * GB)).toBe(`model /models/Qwen3-8B needs 33.2 GB at precision exact, and this machine has 12.0 GB of memory and 2.0 GB of swap space; use precision q8, which needs ${needs('q8')}`)
    expect(refusal('q8', 8 * GB, 0)).toBe(`model /models/Qwen3-8B needs ${needs('q8')} at precision q8, and this machine has 8.0 GB of memory; use precision q4, which needs ${needs('q4')}`)
  })
  test('or with the size of model that would', () => {
    expect(refusal('q4', 4 * GB, 0)).toMatch(/ at precision q4, and this machine has 4\.0 GB of memory; choose a model of at most \d\.\d B parameters, which fits at precision q4$/)
    expect(refusal('exact', 0.5 * GB, 0)).toMatch(/; choose a smaller model$/)
  })
})

describe('Qwen3-1.7B, whose peaks were measured without pages of files, at 128 positions and with a layer of 32,768 features', () => {
  // (GB) On two shared cores; docs/models.md has the circumstances.
  const measured = { exact: 8.34, q8: 2.47, q4: 1.62 } as const
  const short = { ...small, config: { ...small.config, contextLength: 128 } }
  test.each(['exact', 'q8', 'q4'] as const)('%s is estimated to within 5 percent', (precision) => {
    const off = bytesNeeded(short, precision, { dSae: 32768 }) / (measured[precision] * GB)
    expect(Math.abs(off - 1)).toBeLessThan(0.05)
  })
})

test('auto is the most precise that free memory holds, or q4', () => {
  expect([12, 8, 2.2, 0.5].map((free) => choosePrecision(small, free * GB))).toEqual(['exact', 'q8', 'q4', 'q4'])
})

test('an SAE layer is counted where there is a set', () => {
  expect(bytesNeeded(small, 'q8', { dSae: 32768 }) - bytesNeeded(small, 'q8')).toBeLessThanOrEqual(110e6)
})

test('layers with a state keep no keys and values', () => {
  const config = parseModelConfig(JSON.parse(readFileSync(join(import.meta.dirname, '../../golden/qwen35/model/config.json'), 'utf8')), 'config.json')
  if (!('layerKinds' in config)) throw new Error('the golden has no states')
  const at = (contextLength: number): number => bytesNeeded({ config: { ...config, contextLength } }, 'q8')
  const keeping = config.layerKinds.filter((kind) => kind === 'full_attention').length
  expect(keeping).toBeLessThan(config.layers)
  expect(at(4096) - at(0)).toBe(4096 * 4 * 2 * keeping * config.kvHeads * config.headDim)
  expect(at(100_000)).toBe(at(4096))
})

test('the driver’s list of GPUs', () => {
  expect(parseGpus('NVIDIA H200, 143771\nNVIDIA RTX A2000, 12282\n\nFailed to initialize\n')).toEqual([{ name: 'NVIDIA H200', memoryBytes: 143771 * 2 ** 20 }, { name: 'NVIDIA RTX A2000', memoryBytes: 12282 * 2 ** 20 }])
})
