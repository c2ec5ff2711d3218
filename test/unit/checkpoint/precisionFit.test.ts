// Memory that models need against memory that machines have.
import { describe, expect, test } from 'vitest'
import { parseGpus } from '../../../server/checkpoint/machine'
import { precisionFits, refuseTooLarge } from '../../../server/checkpoint/precisionFit'
import { parseModelConfig, type ModelConfig } from '../../../server/formats/modelConfig'
import { TINY_CONFIG } from './tinyFolders'

const GB = 1e9
const dense = parseModelConfig({ ...TINY_CONFIG, hidden_size: 4096, num_hidden_layers: 36, num_attention_heads: 32, num_key_value_heads: 8, head_dim: 128, max_position_embeddings: 32768 }, 'config.json')
const PARAMETERS = 8_190_735_360

describe('Qwen3-8B', () => {
  const fits = precisionFits(dense, PARAMETERS, { memoryBytes: 32 * GB, gpus: [{ name: 'Small', memoryBytes: 8 * GB }, { name: 'Large', memoryBytes: 80 * GB }] })
  test('needs its weights in float32 and keys and values of 4096 positions', () => {
    expect(fits[0]).toEqual({
      precision: 'exact', bytesNeeded: PARAMETERS * 4 + 2 * 36 * 8 * 128 * 4 * 4096, fits: false,
      problem: 'needs 34.0 GB, and of the 32.0 GB of this machine 25.6 GB can be used', gpu: { fits: true, note: 'fits into the 80.0 GB of Large' },
    })
  })
  test('at the other precisions is not available yet', () => {
    expect(fits.slice(1).map(({ precision, fits, problem }) => [precision, fits, problem])).toEqual([['q8', false, 'precision q8 is not available yet'], ['q4', false, 'precision q4 is not available yet']])
    expect(fits[2]!.bytesNeeded).toBeLessThan(fits[1]!.bytesNeeded)
  })
  test('fits a larger machine, and says when a GPU is too small or not there', () => {
    const [exact] = precisionFits(dense, PARAMETERS, { memoryBytes: 64 * GB, gpus: [{ name: 'Small', memoryBytes: 8 * GB }] })
    expect(exact).toMatchObject({ fits: true, problem: null, gpu: { fits: false, note: 'needs 34.0 GB, and of the 8.0 GB of Small 6.4 GB can be used' } })
    expect(precisionFits(dense, PARAMETERS, { memoryBytes: 64 * GB, gpus: [] })[0]!.gpu).toEqual({ fits: false, note: 'no NVIDIA GPU was found' })
  })
})

test('a model is refused only beyond all memory and swap space', () => {
  const load = (memoryBytes: number, swapBytes: number) => () => refuseTooLarge('/models/Qwen3-8B', dense, PARAMETERS, { memoryBytes, swapBytes })
  expect(load(32 * GB, 8 * GB)).not.toThrow()
  expect(load(16 * GB, 2 * GB)).toThrow('model /models/Qwen3-8B needs 34.0 GB at precision exact, and this machine has 16.0 GB of memory and 2.0 GB of swap space')
})

test('layers with a state keep no keys and values', () => {
  const hybrid = { ...dense, architecture: 'qwen3_5', layers: 4, layerKinds: ['linear_attention', 'linear_attention', 'linear_attention', 'full_attention'], deltaNet: { keyHeads: 16, valueHeads: 32, keyHeadDim: 128, valueHeadDim: 128, convKernel: 4 } } as unknown as ModelConfig
  expect(precisionFits(hybrid, 0, { memoryBytes: GB, gpus: [] })[0]!.bytesNeeded).toBe(4 * (2 * 8 * 128 * 4096 + 3 * 32 * 128 * 128))
})

test('the driver’s list of GPUs', () => {
  expect(parseGpus('NVIDIA H200, 143771\nNVIDIA RTX A2000, 12282\n\nFailed to initialize\n')).toEqual([{ name: 'NVIDIA H200', memoryBytes: 143771 * 2 ** 20 }, { name: 'NVIDIA RTX A2000', memoryBytes: 12282 * 2 ** 20 }])
})
