// What a run takes beside its model, counted by hand for Qwen3-1.7B, and the refusal of one that does not fit.
import { expect, it } from 'vitest'
import { bytesOfRun, refuseRunTooLarge, type RunSize } from '../../../server/engine/runMemory'
import type { ModelConfig } from '../../../server/formats/modelConfig'
import type { InputError } from '../../../server/protocol/errors'

const config: ModelConfig = {
  architecture: 'qwen3', layers: 28, dModel: 2048, heads: 16, kvHeads: 8, headDim: 128, dFfn: 6144, vocabSize: 151_936, contextLength: 32_768,
  rope: { theta: 1e6, rotaryDim: 128, scaling: null }, rmsNormEps: 1e-6, tiedEmbeddings: true,
}
const size: RunSize = { knownTokens: 4000, generate: 96, keptLayers: 7, capture: null }

it('counts keys, values, kept residuals, scores and logits', () => {
  const keysAndValues = 28 * 2 * 8 * 128 * 4
  const residuals = 7 * 2048 * 4
  const scores = 3 * 16 * 64 * 4
  const chunk = 64 * (151_936 + 16 * 2048) * 4
  expect(bytesOfRun(config, 4096, size)).toBe(4096 * (keysAndValues + residuals + scores) + chunk)
  expect(bytesOfRun(config, 4096, { ...size, capture: { layers: 28, logits: true } }) - bytesOfRun(config, 4096, size)).toBe(4096 * 2 * 4 * (28 * 2048 + 151_936))
})

it('counts states that do not grow', () => {
  const linear: ModelConfig = {
    ...config, architecture: 'qwen3_5', layerKinds: Array.from({ length: 28 }, (_, layer) => (layer % 4 === 3 ? 'full_attention' : 'linear_attention')),
    deltaNet: { keyHeads: 16, valueHeads: 16, keyHeadDim: 128, valueHeadDim: 128, convKernel: 4 },
  }
  const states = 21 * 2 * 4 * (16 * 128 * 128 + 3 * (2 * 16 * 128 + 16 * 128))
  const fewerKeys = 4096 * 21 * 2 * 8 * 128 * 4
  expect(bytesOfRun(linear, 4096, size)).toBe(bytesOfRun(config, 4096, size) - fewerKeys + states)
})

const refusal = (change: Partial<RunSize>, availableBytes: number, heldBytes = 0, swapBytes = 0): string | null => {
  try {
    refuseRunTooLarge(config, { ...size, ...change }, { availableBytes, swapBytes }, heldBytes)
    return null
  } catch (error) {
    return (error as InputError).line
  }
}

it('says both numbers and how many tokens fit', () => {
  expect(refusal({}, 2e9)).toBeNull()
  expect(refusal({ generate: 20_000 }, 2e9)).toBe('run of 24000 tokens needs 7.2 GB beside the model, and 2.0 GB are free; generate at most 2530 tokens')
  expect(refusal({}, 1e9)).toBe('run of 4096 tokens needs 1.3 GB beside the model, and 1.0 GB are free; shorten the prompt to at most 3186 tokens')
  expect(refusal({}, 1e6)).toMatch(/and 1 MB are free; close other programs or choose a smaller precision$/)
  expect(refusal({ capture: { layers: 28, logits: true } }, 4e9)).toMatch(/^run of 4096 tokens with its dump needs 8\.1 GB/)
})

it('allows what the generated tokens allow', () => {
  const most = Number(/at most (\d+) tokens/.exec(refusal({ generate: 20_000 }, 2e9)!)![1])
  expect(refusal({ generate: most }, 2e9)).toBeNull()
  expect(refusal({ generate: most + 1 }, 2e9)).not.toBeNull()
})

it('counts swap space and what earlier runs hold as free, and no more positions than the context has', () => {
  expect(refusal({}, 1e9, 0, 1e9)).toBeNull()
  expect(refusal({}, 1e9, 1e9)).toBeNull()
  expect(refusal({ generate: 1e9 }, 1e9)).toMatch(/^run of 32768 tokens/)
})
