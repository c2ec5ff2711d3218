// An engine that computes nothing: words as tokens, made-up features, steps that a test can hold and release.
import type { Engine, GenerateRequest, LoadedModel, LoadRequest, ReadRequest, TokenReport } from '../../../server/engine/engine'
import type { Tokenizer } from '../../../server/formats/tokenizer'
import { CancelledError, InputError } from '../../../server/protocol/errors'
import { createRunRecorder } from '../../../server/runs/runDetail'
import type { PromptReader } from '../../../server/worker/promptReader'

export const D_SAE = 64
export const CONTEXT_LENGTH = 40

export interface FakeEngine extends Engine {
  readonly loads: LoadRequest[]
  readonly generations: GenerateRequest[]
  readonly reads: ReadRequest[]
  /** From now on a generated token, or a layer that is read, must be let through; none passes until `release` is called. */
  hold(): void
  release(steps: number): void
  /** The next generation fails with this after one token. */
  failWith(error: Error): void
}

/** Layers of a model whose path says that it is large: too many to read all of them while it generates. */
export const LARGE_LAYERS = 8

/** Each word is a token; feature `id % 64` fires on it at layer 0 and feature 1 on every token at layer 1. Answers go round in a loop of five words. */
export function createFakeEngine(): FakeEngine {
  const loads: LoadRequest[] = []
  const generations: GenerateRequest[] = []
  const reads: ReadRequest[] = []
  let allowed = Infinity
  let failure: Error | null = null
  let wake = (): void => {}

  async function step(signal: AbortSignal): Promise<void> {
    while (allowed <= 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    // Lets messages through, as a real engine does between tokens.
    await new Promise((resolve) => setImmediate(resolve))
    if (signal.aborted) throw new CancelledError()
    allowed--
  }

  return {
    loads,
    generations,
    reads,
    hold: () => (allowed = 0),
    release(steps) {
      allowed += steps
      wake()
    },
    failWith: (error) => (failure = error),
    async load(request, onProgress, signal): Promise<LoadedModel> {
      loads.push(request)
      onProgress({ message: 'reading weights', fraction: 0.5 })
      await new Promise((resolve) => setImmediate(resolve))
      if (signal.aborted) throw new CancelledError()
      if (request.modelPath.includes('missing')) throw new InputError(`model folder ${request.modelPath} does not exist`, 'choose another folder')
      const isLarge = request.modelPath.includes('large')
      const layers = isLarge ? LARGE_LAYERS : 2
      return {
        name: 'fake', identity: { path: request.modelPath, architecture: 'qwen3', layers, dModel: isLarge ? 4096 : 8, precision: request.precision, provider: 'cpu' },
        sae: request.saePath === null ? null : { path: request.saePath, dSae: isLarge ? 32_768 : D_SAE, k: 4 }, saeLayers: request.saePath === null ? [] : Array.from({ length: layers }, (_, layer) => layer), saeOrigin: null, pairing: null,
        contextLength: CONTEXT_LENGTH, vocabSize: 100, stopIds: [], parameters: 1000, weightsCache: null, loadMs: 3, fallbacks: [],
      }
    },
    async generate(request, onEvent, signal) {
      generations.push(request)
      const { promptIds, edits } = request
      if (promptIds.length > CONTEXT_LENGTH) throw new InputError(`prompt has ${promptIds.length} tokens, more than the context of ${CONTEXT_LENGTH}`, 'shorten the prompt')
      onEvent({ kind: 'prefill', done: promptIds.length, total: promptIds.length })
      onEvent({ kind: 'tokens', tokens: promptIds.map((id, index) => reportOf(request, id, index, false)) })
      let id = promptIds.at(-1)!
      for (let index = promptIds.length; index < promptIds.length + request.generate; index++) {
        await step(signal)
        if (failure && index > promptIds.length) {
          const error = failure
          failure = null
          throw error
        }
        id = ((id + 1) % 5) + (edits.length > 0 ? 50 : 0)
        onEvent({ kind: 'tokens', tokens: [reportOf(request, id, index, true)] })
      }
      return { reason: 'length', reusedTokens: edits.length > 0 ? 1 : 0, prefillMs: 4, decodeMsPerToken: 20, captured: null }
    },
    async read(request, onEvent, signal) {
      reads.push(request)
      const { layers, predictions } = request
      const tokenIds = request.tokenIds.slice(request.from ?? 0)
      if (predictions) onEvent({ kind: 'predictions', predictions: tokenIds.map((id, index) => (index === 0 ? null : { logprob: -0.25, entropy: 0.5, rank: 1, alternatives: [{ id, logprob: -0.25 }] })) })
      for (const layer of layers.toSorted((a, b) => a - b)) {
        await step(signal)
        onEvent({ kind: 'layer', report: { layer, features: tokenIds.map((id) => [{ feature: id % D_SAE, activation: 1 + layer }]), residualNorm: tokenIds.map((_, index) => (layer === 5 && index === 2 ? 99 : 1)) } })
      }
    },
    async inspect({ layers, tokenIds }) {
      const id = tokenIds.at(-1)!
      return { layers: layers.map((layer) => ({ layer, features: [{ feature: id % D_SAE, activation: 1 + layer }], after: null, residualNorm: 1, reconstructionError: null })), next: null, lens: [], residuals: {} }
    },
    memory: async () => ({ processBytes: 1e6, cacheBytes: 0 }),
    unload: async () => {},
    dispose: async () => {},
  }
}

function reportOf({ edits, sampling, layers }: GenerateRequest, id: number, index: number, generated: boolean): TokenReport {
  const fired = edits.flatMap(({ feature }, edit) => (feature.layer === 0 && feature.feature === id % D_SAE ? [edit] : []))
  return {
    index, id, generated, logprob: index === 0 ? null : -0.25 - sampling.temperature - fired.length, alternatives: index === 0 ? [] : [{ id, logprob: -0.25 }, { id: (id + 1) % 100, logprob: -2 }], entropy: index === 0 ? null : 0.5, rank: index === 0 ? null : 1,
    features: Object.fromEntries(layers.map((layer) => [layer, [layer === 1 ? { feature: 1, activation: 50 } : { feature: id % D_SAE, activation: 2 + index }]])),
    featuresAfterEdit: fired.length > 0 ? { 0: [] } : {}, residualNorm: { 0: 1, 1: 1 }, fired,
  }
}

const WORDS = Array.from({ length: 100 }, (_, id) => ` w${id}`)

/** Reads any text as words; an unknown word gets an id by its letters. */
export const fakePromptReader: PromptReader = {
  read(fileName, text) {
    if (text.trim() === '') throw new InputError(`prompt ${fileName} is empty`, 'write some text into it')
    const tokens = [...text.matchAll(/\s*\S+/g)].map(({ 0: word, index }) => {
      const range = { start: index, end: index + word.length }
      return { id: [...word].reduce((sum, letter) => (sum * 3 + letter.charCodeAt(0)) % 100, 0), text: word, display: word, range, promptRange: range }
    })
    return { ids: tokens.map(({ id }) => id), tokens, renderedText: text.trimEnd(), choices: /^seed=(\d+)/.test(text) ? { seed: Number(/^seed=(\d+)/.exec(text)![1]) } : {}, problems: [] }
  },
  get promptModel() {
    return { tokenizer: fakeTokenizer, chatTemplate: null }
  },
  display: (id) => fakeTokenizer.display(id),
  createRecorder: (header, prompt) => createRunRecorder(header, prompt, fakeTokenizer),
}

const fakeTokenizer = {
  pieces: (ids: readonly number[]) => ids.map((id) => ({ text: WORDS[id]!, display: WORDS[id]! })),
  display: (id: number) => WORDS[id]!,
  createTextStream: () => ({ push: (id: number) => WORDS[id]!, end: () => '' }),
} as unknown as Tokenizer
