// What looking at known tokens costs: which positions go through layers again, of a model that keeps keys and values and of one that keeps states.
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { planEdits } from '../../../server/engine/editPlan'
import type { GenerateRequest, InspectRequest, ReadRequest } from '../../../server/engine/engine'
import { generateTokens } from '../../../server/engine/generation'
import { inspectToken } from '../../../server/engine/inspectToken'
import { loadModel } from '../../../server/engine/loadModel'
import { readLayers } from '../../../server/engine/readLayers'
import { createPrefixCache } from '../../../server/engine/sequence/prefixCache'
import { GREEDY, type Edit } from '../../../server/protocol/values'
import { NEVER } from '../../golden/engineHarness'

const PROMPT = Array.from({ length: 150 }, (_, i) => (i * 11 + 5) % 300)

/** A model that remembers, and counts the positions that went through at least one layer, and those that went through the head. */
async function countingModel(name: string, cacheBytes = 1e9) {
  const folder = join(import.meta.dirname, '../../golden', name)
  const loaded = await loadModel({ modelPath: join(folder, 'model'), saePath: join(folder, 'sae'), precision: 'exact', providers: [], threads: 1 }, () => {}, NEVER)
  const { decoder, saes, description } = loaded
  const counts = { positions: 0, heads: 0 }
  const counting: typeof decoder = {
    ...decoder,
    run: (span, state) => {
      if (span.endLayer > span.firstLayer) counts.positions += span.count
      if (span.head) counts.heads++
      return decoder.run(span, state)
    },
  }
  const model = { decoder: counting, saes }
  const cache = createPrefixCache(() => decoder.newState(), decoder.config.dModel, decoder.pool, cacheBytes)
  const shape = { layers: decoder.config.layers, saeLayers: description.saeLayers, dSae: description.sae!.dSae }
  const plan = (edits: readonly Edit[], promptLength: number) => planEdits(edits, shape, promptLength)
  const all = Array.from({ length: shape.layers }, (_, layer) => layer)
  const counted = async <Result>(work: Promise<Result>) => {
    const [positions, heads] = [counts.positions, counts.heads]
    const result = await work
    return { result, positions: counts.positions - positions, heads: counts.heads - heads }
  }

  return {
    all, cache, release: () => loaded.release(),
    async generate(request: Partial<GenerateRequest> & Pick<GenerateRequest, 'promptIds'>) {
      const tokens: number[] = []
      const whole = { generate: 0, sampling: GREEDY, stopIds: [], edits: [], layers: [], top: 4, alternatives: 3, promptPredictions: false, capture: null, ...request }
      const made = await counted(generateTokens(model, cache, whole, plan(whole.edits, whole.promptIds.length), (event) => event.kind === 'tokens' && tokens.push(...event.tokens.map(({ id }) => id)), NEVER))
      return { ...made, tokens }
    },
    inspect: (tokenIds: readonly number[], request: Partial<InspectRequest> = {}) => {
      const whole = { tokenIds, promptLength: PROMPT.length, edits: [], layers: all, top: 4, reconstructionLayers: [], lensLayers: all, candidates: 3, residualLayers: [], ...request }
      return counted(inspectToken(model, cache, whole, plan(whole.edits, PROMPT.length), NEVER))
    },
    read: (tokenIds: readonly number[], request: Partial<ReadRequest> = {}) => {
      const whole = { tokenIds, promptLength: PROMPT.length, edits: [], layers: all.filter((layer) => description.saeLayers.includes(layer)), top: 4, ...request }
      return counted(readLayers(model, cache, whole, plan(whole.edits, PROMPT.length), () => {}, NEVER))
    },
  }
}

describe('a model that keeps keys and values', async () => {
  const model = await countingModel('tied')
  afterAll(model.release)
  const first = await model.generate({ promptIds: PROMPT, generate: 20 })
  const whole = first.tokens

  it('computes one position and one distribution per step', async () => {
    const known = whole.slice(PROMPT.length)
    expect(await model.generate({ promptIds: PROMPT, givenIds: known, generate: 1, reportFrom: whole.length })).toMatchObject({ positions: 1, heads: 1 })
    expect(await model.generate({ promptIds: PROMPT, givenIds: known.slice(0, 5), generate: 1, reportFrom: PROMPT.length + 5 })).toMatchObject({ positions: 0 })
  })

  it('looks into any token with one position and one run of the head at most', async () => {
    for (const length of [3, 80, whole.length]) {
      const { positions, heads } = await model.inspect(whole.slice(0, length))
      expect(positions).toBeLessThanOrEqual(1)
      expect(heads).toBe(1)
    }
    // Asked again for features alone, everything is remembered.
    expect(await model.inspect(whole.slice(0, 80), { lensLayers: [], candidates: 0 })).toMatchObject({ positions: 0, heads: 0 })
  })

  it('reads only what is asked for, and that once', async () => {
    expect((await model.read(whole, { from: whole.length - 2 })).positions).toBeLessThanOrEqual(2)
    expect(await model.read(whole, { from: whole.length - 2 })).toMatchObject({ positions: 0, heads: 0 })
    expect(await model.read(whole, { from: whole.length - 2, layers: [], predictions: { alternatives: 3 } })).toMatchObject({ positions: 0 })
  })

  it('forks without computing what both branches share, and goes back without computing anything', async () => {
    const at = PROMPT.length + 8
    const edits: Edit[] = [{ feature: { layer: 1, feature: 3 }, operation: { kind: 'add', value: 4 }, positions: { kind: 'ranges', ranges: [[at, 1e9]] } }]
    const given = whole.slice(PROMPT.length, at)
    const fork = await model.generate({ promptIds: PROMPT, givenIds: given, generate: 3, edits, reportFrom: at })
    // Layer by layer up to the edited one and from there on: two spans for each token.
    expect(fork.positions).toBeLessThanOrEqual(6)
    expect(fork.tokens).toHaveLength(3)
    // It goes on from its own, though the other branch knows lower layers of a token more.
    const next = await model.generate({ promptIds: PROMPT, givenIds: [...given, ...fork.tokens], generate: 1, edits, reportFrom: at + 3 })
    expect(next.result.reusedTokens).toBe(at + 3)
    const back = await model.generate({ promptIds: PROMPT, givenIds: whole.slice(PROMPT.length) })
    expect(back).toMatchObject({ positions: 0, tokens: whole })
  })
})

describe('branches of one text', async () => {
  const createdAnew = await countingModel('tied', 0)
  afterAll(createdAnew.release)
  // Two of them fill it.
  const ROOM = 620_000
  const model = await countingModel('tied', ROOM)
  afterAll(model.release)

  it('share their beginning when there is no room for it in each', async () => {
    const { tokens: whole } = await model.generate({ promptIds: PROMPT, generate: 20, layers: [1] })
    const alone = model.cache.bytes
    const branches = [whole]
    for (const at of [152, 155, 158, 161, 164, 167]) {
      const given = [...whole.slice(PROMPT.length, at), (whole[at]! + 1) % 300]
      branches.push((await model.generate({ promptIds: PROMPT, givenIds: given, generate: 3, layers: [1] })).tokens)
      expect(model.cache.bytes).toBeLessThanOrEqual(ROOM)
    }
    expect(branches.length * alone).toBeGreaterThan(2 * ROOM)
    for (const tokens of [...branches, ...branches.toReversed()]) {
      expect(await model.generate({ promptIds: PROMPT, givenIds: tokens.slice(PROMPT.length), layers: [1] })).toMatchObject({ positions: 0, tokens })
      // Numbers are those of before as well.
      const { result } = await model.inspect(tokens, { lensLayers: [], layers: [], candidates: 3 })
      const fresh = await createdAnew.inspect(tokens, { lensLayers: [], layers: [], candidates: 3 })
      result.next!.candidates.forEach(({ logprob }, i) => expect(logprob).toBeCloseTo(fresh.result.next!.candidates[i]!.logprob, 4))
      expect((await model.generate({ promptIds: PROMPT, givenIds: tokens.slice(PROMPT.length), generate: 1, reportFrom: tokens.length })).positions).toBeLessThanOrEqual(1)
    }
  })
})

describe('a model that keeps states', async () => {
  const model = await countingModel('qwen35')
  afterAll(model.release)
  const { tokens: whole } = await model.generate({ promptIds: PROMPT, generate: 20 })

  it('computes one position per step, and one to look into the last token', async () => {
    const step = await model.generate({ promptIds: PROMPT, givenIds: whole.slice(PROMPT.length), generate: 1, reportFrom: whole.length })
    expect(step.positions).toBe(1)
    expect((await model.inspect([...whole, ...step.tokens])).positions).toBe(1)
  })

  it('goes through the positions since the last state that it kept to look into an earlier one', async () => {
    // States are kept before the prompt's last token and at every 32nd generated one.
    expect((await model.inspect(whole.slice(0, PROMPT.length + 2))).positions).toBeLessThanOrEqual(3)
    const { positions } = await model.inspect(whole.slice(0, 100))
    expect(positions).toBeGreaterThan(1)
    expect(positions).toBeLessThanOrEqual(100)
    expect(await model.generate({ promptIds: PROMPT, givenIds: whole.slice(PROMPT.length) })).toMatchObject({ positions: 0, tokens: whole })
  })
})
