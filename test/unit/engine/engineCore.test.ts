// What the engine accepts, refuses and reports, on a tiny checkpoint.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { createEngineCore } from '../../../server/engine/engineCore'
import type { GenerateEvent, GenerateRequest, InspectRequest } from '../../../server/engine/engine'
import { CancelledError, fromErrorData, InputError, NonFiniteError, toErrorData } from '../../../server/protocol/errors'
import { GREEDY, type Edit } from '../../../server/protocol/values'
import { generate, loadGolden, NEVER } from '../../golden/engineHarness'

const GOLDEN = join(import.meta.dirname, '../../golden/tied')
const MODEL = { modelPath: join(GOLDEN, 'model'), saePath: join(GOLDEN, 'sae') }
const CONTEXT = 256
const ids = (count: number, step = 7) => Array.from({ length: count }, (_, i) => (i * step + 3) % 300)

const engine = createEngineCore()
beforeAll(async () => void (await loadGolden(engine, MODEL)))
afterAll(() => engine.dispose())

async function refusal(request: Partial<GenerateRequest> & Pick<GenerateRequest, 'promptIds'>): Promise<string> {
  const error: unknown = await generate(engine, request).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InputError)
  return (error as InputError).line
}

describe('load', () => {
  it('tells what was loaded', async () => {
    const loaded = await loadGolden(engine, MODEL)
    expect(loaded).toMatchObject({
      saeLayers: [0, 1, 2], contextLength: CONTEXT, vocabSize: 300, fallbacks: [],
      identity: { architecture: 'qwen3', layers: 3, dModel: 32, precision: 'exact', provider: 'cpu' }, sae: { dSae: 128, k: 8 },
    })
    expect(loaded.parameters).toBe(300 * 32 + 3 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 32 * 64 + 2 * 32 + 2 * 8) + 32)
  })

  it('falls back to the processor and says why', async () => {
    const other = createEngineCore()
    const loaded = await other.load({ ...MODEL, precision: 'exact', providers: ['nosuch', 'cuda'], threads: 1 }, () => {}, NEVER)
    expect(loaded.identity.provider).toBe('cpu')
    expect(loaded.fallbacks).toHaveLength(2)
    expect(loaded.fallbacks[0]).toMatch(/^nosuch is not used: ./)
    expect(loaded.fallbacks.join()).not.toMatch(/\n/)
    await other.dispose()
  })

  it('reports progress from 0 to 1 and can be cancelled', async () => {
    const other = createEngineCore()
    const fractions: (number | null)[] = []
    await other.load({ ...MODEL, precision: 'exact', providers: [], threads: 1 }, ({ fraction }) => fractions.push(fraction), NEVER)
    expect(fractions.at(0)).toBe(0)
    expect(fractions.at(-1)).toBe(1)
    await expect(other.load({ ...MODEL, precision: 'exact', providers: [], threads: 1 }, () => {}, AbortSignal.abort())).rejects.toBeInstanceOf(CancelledError)
    await other.dispose()
  })

  it('refuses an SAE set of another model', async () => {
    const load = loadGolden(createEngineCore(), { ...MODEL, saePath: join(GOLDEN, '../sharded/sae') })
    await expect(load).rejects.toBeInstanceOf(InputError)
  })

  it('answers clearly when nothing is loaded', async () => {
    await expect(generate(createEngineCore(), { promptIds: [1] })).rejects.toThrow('no model is loaded')
  })
})

describe('generate', () => {
  it('reads a prompt of one token without generating', async () => {
    const result = await generate(engine, { promptIds: [5], layers: [0, 2] })
    expect(result.reason).toBe('length')
    expect(result.tokens).toHaveLength(1)
    expect(result.tokens[0]).toMatchObject({ index: 0, id: 5, generated: false, logprob: null, alternatives: [], fired: [], featuresAfterEdit: {} })
    expect(Object.keys(result.tokens[0]!.features)).toEqual(['0', '2'])
    expect(result.decodeMsPerToken).toBe(0)
  })

  it('reports no more features and alternatives than are asked for, the strongest', async () => {
    const all = await generate(engine, { promptIds: ids(5), layers: [1], top: 8, alternatives: 12 })
    const few = await generate(engine, { promptIds: ids(5), layers: [1], top: 2, alternatives: 1 })
    few.tokens.forEach((token, i) => {
      expect(token.features[1]).toEqual(all.tokens[i]!.features[1]!.slice(0, 2))
      expect(token.alternatives).toEqual(all.tokens[i]!.alternatives.slice(0, 1))
    })
    expect(all.tokens[4]!.alternatives).toHaveLength(12)
    expect(all.tokens.every(({ features }) => features[1]!.every(({ activation }) => activation > 0))).toBe(true)
  })

  it('feeds the last generated token too', async () => {
    const result = await generate(engine, { promptIds: ids(4), generate: 3, layers: [0] })
    expect(result.tokens.map(({ generated }) => generated)).toEqual([false, false, false, false, true, true, true])
    expect(result.tokens.at(-1)!.features[0]!.length).toBeGreaterThan(0)
    expect(result.tokens.at(-1)!.id).toBe(result.tokens.at(-1)!.alternatives[0]!.id)
  })

  it('ends with the stop token', async () => {
    const free = await generate(engine, { promptIds: ids(9), generate: 6 })
    const stop = free.ids[11]!
    const first = free.ids.indexOf(stop, 9)
    const stopped = await generate(engine, { promptIds: ids(9), generate: 6, stopIds: [stop] })
    expect(stopped.reason).toBe('stop')
    expect(stopped.ids).toEqual(free.ids.slice(0, first + 1))
  })

  it('stops for length where the context ends', async () => {
    const result = await generate(engine, { promptIds: ids(CONTEXT - 3), generate: 10 })
    expect(result.reason).toBe('length')
    expect(result.tokens).toHaveLength(CONTEXT)
    expect((await generate(engine, { promptIds: ids(CONTEXT), generate: 10 })).tokens).toHaveLength(CONTEXT)
  })

  it('draws the same tokens for the same seed and others for another', async () => {
    const warm = (seed: number) => generate(engine, { promptIds: ids(9, 11), generate: 20, sampling: { temperature: 1, topP: 1, topK: 0, seed } })
    const first = await warm(1)
    expect((await warm(2)).ids).not.toEqual(first.ids)
    expect((await warm(1)).ids).toEqual(first.ids)
  })

  it('tells prefill progress and reports tokens in order', async () => {
    const events: GenerateEvent[] = []
    const request = { promptIds: [299, ...ids(149, 13)], generate: 2, sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, stopIds: [], edits: [], layers: [], top: 1, alternatives: 0, promptPredictions: true, capture: null }
    await engine.generate(request, (event) => events.push(event), NEVER)
    expect(events.flatMap((event) => (event.kind === 'prefill' ? [[event.done, event.total]] : []))).toEqual([[128, 150], [150, 150]])
    expect(events.flatMap((event) => (event.kind === 'tokens' ? event.tokens.map(({ index }) => index) : []))).toEqual(Array.from({ length: 152 }, (_, i) => i))
  })

  it('captures what a dump needs, whole and in order', async () => {
    const { captured } = await generate(engine, { promptIds: ids(70), generate: 2, capture: { logits: true, residualLayers: [2, 0] } })
    expect(captured!.logits).toHaveLength(72 * 300)
    expect(Object.keys(captured!.residuals)).toEqual(['0', '2'])
    expect(captured!.residuals[2]).toHaveLength(72 * 32)
    expect((await generate(engine, { promptIds: ids(3), capture: { logits: false, residualLayers: [] } })).captured).toEqual({ logits: null, residuals: {} })
  })

  it('tells which edits changed the residual, and where', async () => {
    const plain = await generate(engine, { promptIds: ids(12), layers: [1], top: 8 })
    const feature = plain.tokens[6]!.features[1]![0]!.feature
    const fires = plain.tokens.filter(({ features }) => features[1]!.some((f) => f.feature === feature)).map(({ index }) => index)
    const edited = await generate(engine, {
      promptIds: ids(12), layers: [1], top: 8,
      edits: [
        { feature: { layer: 1, feature }, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } },
        { feature: { layer: 2, feature: 3 }, operation: { kind: 'add', value: 1 }, positions: { kind: 'last' } },
      ],
    })
    expect(edited.tokens.filter(({ fired }) => fired.includes(0)).map(({ index }) => index)).toEqual(fires)
    expect(edited.tokens.filter(({ fired }) => fired.includes(1)).map(({ index }) => index)).toEqual([11])
    const after = edited.tokens[6]!.featuresAfterEdit[1]!.find((f) => f.feature === feature)
    expect(after?.activation ?? 0).toBeLessThan(edited.tokens[6]!.features[1]![0]!.activation)
  })

  it('serves calls in order', async () => {
    const order: string[] = []
    await Promise.all([
      generate(engine, { promptIds: ids(90, 17), generate: 5 }).then(() => order.push('long')),
      generate(engine, { promptIds: [1] }).then(() => order.push('short')),
    ])
    expect(order).toEqual(['long', 'short'])
  })

  it('counts reused tokens and says how much it remembers', async () => {
    const first = await generate(engine, { promptIds: ids(40, 19), generate: 4, layers: [0] })
    expect(first.reusedTokens).toBeLessThan(2)
    expect((await generate(engine, { promptIds: ids(40, 19), generate: 4, layers: [0] })).reusedTokens).toBe(44)
    expect((await engine.memory()).cacheBytes).toBeGreaterThan(40 * 3 * 2 * 16 * 4)
    expect((await engine.memory()).processBytes).toBeGreaterThan(1e6)
  })
})

it('forgets what was used least recently when its memory is full', async () => {
  const small = createEngineCore(400_000)
  await loadGolden(small, MODEL)
  for (let step = 1; step <= 8; step++) {
    await generate(small, { promptIds: ids(100, step * 2 + 1), generate: 2 })
    expect((await small.memory()).cacheBytes).toBeLessThanOrEqual(400_000)
  }
  expect((await generate(small, { promptIds: ids(100, 17), generate: 2 })).reusedTokens).toBe(102)
  expect((await generate(small, { promptIds: ids(100, 3), generate: 2 })).reusedTokens).toBeLessThan(2)
  await small.dispose()
})

it('ends a run whose values are no longer numbers, and goes on with the next', async () => {
  // Together more than float32 holds.
  const edit: Edit = { feature: { layer: 0, feature: 1 }, operation: { kind: 'add', value: 3e38 }, positions: { kind: 'ranges', ranges: [[2, 2]] } }
  const edits = [edit, edit]
  const seen: number[] = []
  const error: unknown = await generate(engine, { promptIds: [1, 2, 3, 4], edits, layers: [1] }, NEVER, ({ index }) => seen.push(index)).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(NonFiniteError)
  expect(error).toMatchObject({ message: 'model computes values that are not numbers at token 2, in layer 0', position: 2, layer: 0 })
  // What stands before it was computed and is reported.
  expect(seen).toEqual([0, 1])
  const plain = await generate(engine, { promptIds: [1, 2, 3, 4], layers: [1] })
  const fresh = createEngineCore()
  await loadGolden(fresh, MODEL)
  expect(plain.tokens[3]!.logprob).toBeCloseTo((await generate(fresh, { promptIds: [1, 2, 3, 4], layers: [1] })).tokens[3]!.logprob!, 4)
  await fresh.dispose()
})

it('says where an error was, also on the other side of a process border', () => {
  const error = new NonFiniteError('model computes values that are not numbers at token 2', 'load it again', 2, null)
  const copy = fromErrorData(structuredClone(toErrorData(error)))
  expect(copy).toBeInstanceOf(NonFiniteError)
  expect(copy).toBeInstanceOf(InputError)
  expect(copy).toMatchObject({ message: error.message, remedy: 'load it again', position: 2, layer: null })
})

describe('given tokens', () => {
  const prompt = ids(30, 37)
  const sampling = { temperature: 1, topP: 1, topK: 0, seed: 5 }

  it('stand as generated ones, with predictions, and do not stop the run', async () => {
    const { tokens, ids: all, reason } = await generate(engine, { promptIds: prompt, givenIds: [7, 8], generate: 1, stopIds: [7, 8] })
    expect(all.slice(0, 32)).toEqual([...prompt, 7, 8])
    expect(reason).toBe('length')
    expect(tokens.slice(29).map(({ generated }) => generated)).toEqual([false, true, true, true])
    expect(tokens[31]!.rank).toBeGreaterThanOrEqual(1)
    expect(tokens[31]!.logprob).toBeLessThan(0)
  })

  it('are not computed again when the sampling chose them, and chosen ones not when they were given', async () => {
    const request = { promptIds: ids(30, 41), generate: 12, sampling }
    const chosen = (await generate(engine, request)).ids.slice(30)
    // One more token than is known has to be computed, and what precedes it has not.
    expect(await generate(engine, { ...request, givenIds: chosen, generate: 1, reportFrom: 42 })).toMatchObject({ reusedTokens: 42, tokens: [{ index: 42 }] })
    expect((await generate(engine, { ...request, givenIds: chosen.slice(0, 5), generate: 7 })).reusedTokens).toBe(42)
    const other = { promptIds: ids(30, 43), generate: 12, sampling }
    const fresh = createEngineCore()
    await loadGolden(fresh, MODEL)
    const expected = (await generate(fresh, other)).ids.slice(30)
    await generate(engine, { ...other, givenIds: expected, generate: 0 })
    expect(await generate(engine, other)).toMatchObject({ reusedTokens: 42, ids: [...other.promptIds, ...expected] })
    await fresh.dispose()
  })

  it('are not computed again when they are likeliest and the likeliest are chosen', async () => {
    const likeliest = (await generate(engine, { promptIds: ids(30, 47), generate: 6 })).ids.slice(30)
    const given = { promptIds: [...ids(30, 47)], givenIds: [...likeliest.slice(0, 3), (likeliest[3]! + 1) % 300], generate: 0 }
    expect((await generate(engine, given)).reusedTokens).toBe(33)
    // The branch in which another token was forced keeps its own, and the first one is as it was.
    expect((await generate(engine, { promptIds: ids(30, 47), generate: 6 })).reusedTokens).toBe(36)
    expect((await generate(engine, given)).reusedTokens).toBe(34)
  })

  it('stay in memory, and tokens after them too, when an earlier one is looked at', async () => {
    const request = { promptIds: ids(30, 53), generate: 20 }
    const all = (await generate(engine, { ...request, layers: [0] })).ids
    const wanted = { tokenIds: all.slice(0, 4), promptLength: 4, edits: [], layers: [0, 1, 2], top: 8 }
    const looked = await engine.inspect({ ...wanted, reconstructionLayers: [1], lensLayers: [0, 1], candidates: 3, residualLayers: [2] }, NEVER)
    expect(looked.layers.map(({ features }) => features.length)).toEqual([8, 8, 8])
    await engine.read({ ...wanted, from: 2 }, () => {}, NEVER)
    expect((await generate(engine, { ...request, generate: 21 })).reusedTokens).toBe(50)
  })
})

it('knows what edits left also where nothing was reported', async () => {
  const promptIds = ids(20, 61)
  const plain = await generate(engine, { promptIds, layers: [1] })
  const feature = plain.tokens[19]!.features[1]![0]!.feature
  const edits: Edit[] = [{ feature: { layer: 1, feature }, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } }]
  await generate(engine, { promptIds, edits, reportFrom: 20 })
  const { layers } = await engine.inspect({ tokenIds: promptIds, promptLength: 20, edits, layers: [1], top: 8, reconstructionLayers: [], lensLayers: [], candidates: 0, residualLayers: [] }, NEVER)
  expect(layers[0]!.features.map((each) => each.feature)).toContain(feature)
  expect(layers[0]!.after!.map((each) => each.feature)).not.toContain(feature)
  const { tokens, reusedTokens } = await generate(engine, { promptIds, edits, layers: [1] })
  expect(reusedTokens).toBe(20)
  expect(tokens[19]!.featuresAfterEdit[1]!.map((each) => each.feature)).not.toContain(feature)
})

it('reports nothing before the position that is asked for', async () => {
  const seen: number[] = []
  const counts: number[] = []
  const whole = [297, ...ids(199, 59)]
  await engine.generate(
    { promptIds: whole, generate: 2, sampling: GREEDY, stopIds: [], edits: [], layers: [0], top: 3, alternatives: 3, promptPredictions: true, capture: null, reportFrom: 199 },
    (event) => {
      if (event.kind === 'tokens') seen.push(...event.tokens.map(({ index }) => index))
      if (event.kind === 'prefill') counts.push(event.done)
    }, NEVER,
  )
  expect(seen).toEqual([199, 200, 201])
  expect(counts).toEqual([128, 200])
})

describe('cancel', () => {
  it('ends between tokens and leaves what was computed', async () => {
    const controller = new AbortController()
    const request = { promptIds: ids(30, 23), generate: 50 }
    let reported = 0
    const run = generate(engine, request, controller.signal, ({ index }) => {
      reported = index + 1
      if (index === 40) controller.abort()
    })
    await expect(run).rejects.toBeInstanceOf(CancelledError)
    // A few are reported together; none is computed and not reported.
    expect(reported).toBeLessThan(41 + 8)
    const again = await generate(engine, request)
    expect(again.reusedTokens).toBe(reported)
    expect(again.tokens).toHaveLength(80)
  })

  it('ends between prefill chunks', async () => {
    const controller = new AbortController()
    let seen = 0
    const run = generate(engine, { promptIds: [298, ...ids(199, 29)] }, controller.signal, () => {
      seen++
      controller.abort()
    })
    await expect(run).rejects.toBeInstanceOf(CancelledError)
    expect(seen).toBe(128)
  })

  it('ends while layers are read of what is remembered', async () => {
    const request = { promptIds: ids(60, 31) }
    await generate(engine, request)
    const controller = new AbortController()
    const run = generate(engine, { ...request, layers: [0, 1, 2] }, controller.signal)
    setImmediate(() => controller.abort())
    await expect(run).rejects.toBeInstanceOf(CancelledError)
    expect((await generate(engine, { ...request, layers: [0] })).tokens).toHaveLength(60)
  })

  it('does not start when it was cancelled before its turn', async () => {
    await expect(generate(engine, { promptIds: [9] }, AbortSignal.abort())).rejects.toBeInstanceOf(CancelledError)
  })
})

describe('bad requests end in one sentence', () => {
  it.each<[string, Partial<GenerateRequest>, string]>([
    ['empty prompt', { promptIds: [] }, 'prompt is empty; write at least one token'],
    ['prompt longer than the context', { promptIds: ids(257) }, "prompt has 257 tokens and the model's context holds 256; shorten the prompt"],
    ['token id beyond the vocabulary', { promptIds: [1, 300] }, 'token id 300 at position 1 is outside the vocabulary; use ids from 0 to 299'],
    ['negative token id', { promptIds: [-1] }, 'token id -1 at position 0 is outside the vocabulary; use ids from 0 to 299'],
    ['token id that is no integer', { promptIds: [1.5] }, 'token id 1.5 at position 0 is outside the vocabulary; use ids from 0 to 299'],
    ['layer beyond the model', { layers: [3] }, 'layer 3 is not in the model; choose layers from 0 to 2'],
    ['residual of a layer beyond the model', { capture: { logits: false, residualLayers: [7] } }, 'layer 7 is not in the model; choose layers from 0 to 2'],
    ['given token beyond the vocabulary', { givenIds: [2, 300] }, 'token id 300 at position 2 is outside the vocabulary; use ids from 0 to 299'],
    ['more given tokens than the context holds', { givenIds: ids(256) }, "prompt with its given tokens has 257 tokens and the model's context holds 256; give fewer tokens"],
    ['first reported token', { reportFrom: -2 }, 'first reported token -2 is not a whole number; use 0 or more'],
    ['negative count', { generate: -1 }, 'generate -1 is not a whole number; use 0 or more'],
    ['temperature', { sampling: { temperature: -1, topP: 1, topK: 0, seed: 0 } }, 'temperature -1 is out of range; use 0 or more'],
    ['top-p', { sampling: { temperature: 1, topP: 0, topK: 0, seed: 0 } }, 'top-p 0 is out of range; use a number above 0 and at most 1'],
    ['edit', { edits: [{ feature: { layer: 0, feature: 128 }, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } }] }, "edit of L0/128 is beyond the SAE's 128 features; choose a feature from 0 to 127"],
  ])('%s', async (_, request, line) => {
    expect(await refusal({ promptIds: [1], ...request })).toBe(line)
  })

  const look = { tokenIds: [1, 2], promptLength: 2, edits: [], layers: [], top: 8, reconstructionLayers: [], lensLayers: [], candidates: 3, residualLayers: [] }
  it.each<[string, Partial<InspectRequest>, string]>([
    ['no token', { tokenIds: [] }, 'prompt is empty'],
    ['lens beyond the model', { lensLayers: [3] }, 'layer 3 is not in the model'],
    ['residual beyond the model', { residualLayers: [-1] }, 'layer -1 is not in the model'],
    ['candidates', { candidates: 1.5 }, 'candidates 1.5 is not a whole number'],
  ])('look with %s', async (_, request, message) => {
    await expect(engine.inspect({ ...look, ...request }, NEVER)).rejects.toThrow(message)
    await expect(engine.inspect(look, NEVER)).resolves.toMatchObject({ layers: [], lens: [] })
  })

  it('a layer without an SAE', async () => {
    const other = createEngineCore()
    await loadGolden(other, { modelPath: join(GOLDEN, '../sharded/model'), saePath: join(GOLDEN, '../sharded/sae') })
    await expect(generate(other, { promptIds: [1], layers: [2] })).rejects.toThrow('layer 2 has no SAE')
    await loadGolden(other, { ...MODEL, saePath: null })
    await expect(generate(other, { promptIds: [1], layers: [1] })).rejects.toThrow('layer 1 has no SAE')
    expect((await generate(other, { promptIds: [1], generate: 2 })).tokens).toHaveLength(3)
    await other.dispose()
  })
})
