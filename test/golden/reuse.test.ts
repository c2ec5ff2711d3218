// A used engine answers as a fresh one: random scripts of prompts, edits, samplings, reads and cancels, run side by side.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import type { Engine, GenerateRequest, LayerReport, ReadRequest, TokenReport } from '../../server/engine/engine'
import { createEngineCore } from '../../server/engine/engineCore'
import { CancelledError } from '../../server/protocol/errors'
import type { Edit, EditOperation, EditPositions, FeatureActivation } from '../../server/protocol/values'
import { generate, loadGolden, NEVER, type Generated } from './engineHarness'
import { readGolden, type Golden } from './goldenFiles'

const TOLERANCE = 1e-5
const REQUESTS = 40

/** What scripts are made of. */
type Subject = Pick<Golden, 'modelPath' | 'saePath' | 'saeLayers'> & { readonly texts: readonly (readonly number[])[]; readonly dSae: number }

const fromGolden = async (name: string): Promise<Subject> => {
  const golden = await readGolden(name)
  return { ...golden, texts: golden.cases.filter(({ edits }) => edits.length === 0).map(({ ids }) => ids), dSae: 96 }
}

/** A model that keeps keys and values, one that keeps states, which cannot be cut at every position, and one with layers enough to start in the middle. */
const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
  tied: () => fromGolden('tied'),
  qwen35: () => fromGolden('qwen35'),
  demo: async () => {
    const demo = join(import.meta.dirname, '../../demo')
    const texts = [7, 11].map((step) => Array.from({ length: 150 }, (_, i) => 300 + ((i * i * step) % 2000)))
    return { modelPath: join(demo, 'model'), saePath: join(demo, 'sae'), saeLayers: [0, 1, 2, 3, 4, 5], texts, dSae: 1024 }
  },
}

describe.each(Object.keys(SUBJECTS))('an engine that has served other requests of %s', async (model) => {
  const golden = await SUBJECTS[model]!()
  const used = createEngineCore()
  // Remembers nothing, so that every request starts from nothing.
  const fresh = createEngineCore(0)
  beforeAll(async () => void (await Promise.all([loadGolden(used, golden), loadGolden(fresh, golden)])))
  afterAll(async () => void (await Promise.all([used.dispose(), fresh.dispose()])))

  it.each([1, 2, 3])('answers as a fresh one, script %i', async (seed) => {
    const random = mulberry32(seed)
    const features: { layer: number; feature: number; activation: number }[] = []
    let reused = 0
    for (let count = 0; count < REQUESTS; count++) {
      const request = randomRequest(golden, random, features)
      if (random() < 0.2) await cancelAt(used, request, Math.floor(random() * 30))
      if (random() < 0.4) await expectSameRead(used, fresh, randomRead(golden, random, request))
      const actual = await generate(used, request)
      const expected = await generate(fresh, request)
      expect(expected.reusedTokens).toBe(0)
      expectSame(actual, expected, `request ${count}: ${JSON.stringify(request)}, ${actual.reusedTokens} reused`)
      reused += actual.reusedTokens
      if (random() < 0.3) await expectSameRead(used, fresh, randomRead(golden, random, { ...request, promptIds: actual.ids }))
      for (const token of actual.tokens.slice(-3)) for (const [layer, list] of Object.entries(token.features)) for (const f of list.slice(0, 2)) features.push({ layer: Number(layer), ...f })
    }
    expect(reused).toBeGreaterThan(REQUESTS * 5)
  })
})

async function cancelAt(engine: Engine, request: GenerateRequest, token: number): Promise<void> {
  const controller = new AbortController()
  const cancelled = generate(engine, request, controller.signal, ({ index }) => {
    if (index === token) controller.abort()
  })
  await cancelled.catch((error: unknown) => expect(error).toBeInstanceOf(CancelledError))
}

/** Some layers over the start of what a request runs, with its edits or without. */
function randomRead({ saeLayers }: Subject, random: () => number, { promptIds, edits }: GenerateRequest): ReadRequest {
  const layers = saeLayers.filter(() => random() < 0.4)
  const tokenIds = promptIds.slice(0, 1 + Math.floor(random() * promptIds.length))
  return { tokenIds, promptLength: Math.ceil(tokenIds.length * random()), edits: random() < 0.7 ? edits : [], layers, top: 8 }
}

async function expectSameRead(used: Engine, fresh: Engine, request: ReadRequest): Promise<void> {
  const [actual, expected] = [await read(used, request), await read(fresh, request)]
  const where = `read ${JSON.stringify(request)}`
  expect(actual.map(({ layer }) => layer), where).toEqual([...request.layers].sort((a, b) => a - b))
  actual.forEach(({ layer, features, residualNorm }, i) => {
    expect(features.length, where).toBe(request.tokenIds.length)
    features.forEach((list, token) => expectSameFeatures(list, expected[i]!.features[token]!, `${where}, layer ${layer}, token ${token}`))
    residualNorm.forEach((norm, token) => expect(near(norm, expected[i]!.residualNorm[token]!), `${where}, layer ${layer}, token ${token}`).toBe(true))
  })
}

async function read(engine: Engine, request: ReadRequest): Promise<LayerReport[]> {
  const reports: LayerReport[] = []
  await engine.read(request, (event) => event.kind === 'layer' && reports.push(event.report), NEVER)
  return reports
}

function randomRequest(golden: Subject, random: () => number, seen: readonly { layer: number; feature: number; activation: number }[]): GenerateRequest {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
  const { saeLayers } = golden
  const base = pick(golden.texts)
  const promptIds = base.slice(0, 1 + Math.floor(random() * Math.min(base.length - 1, 90)))
  if (random() < 0.3) promptIds[Math.floor(random() * promptIds.length)] = Math.floor(random() * 300)

  const positions = (): EditPositions => {
    const first = Math.floor(random() * (promptIds.length + 10))
    return pick<EditPositions>([{ kind: 'all' }, { kind: 'all' }, { kind: 'prompt' }, { kind: 'generated' }, { kind: 'last' }, { kind: 'ranges', ranges: [[first, first + Math.floor(random() * 5)]] }])
  }
  const edits = Array.from({ length: pick([0, 0, 1, 1, 2, 3]) }, (): Edit => {
    const known = seen.length && random() < 0.8 ? pick(seen.slice(-40)) : { layer: pick(saeLayers), feature: Math.floor(random() * golden.dSae), activation: 1 }
    const operation = pick<EditOperation>([{ kind: 'set', value: 0 }, { kind: 'set', value: 0 }, { kind: 'set', value: 1.5 * known.activation }, { kind: 'add', value: 2 * random() }, { kind: 'scale', value: pick([0, 0.5, 1, 2]) }])
    return { feature: { layer: known.layer, feature: known.feature }, operation, positions: positions() }
  })
  const warm = { temperature: 0.8, topP: 0.95, topK: pick([0, 20]), seed: pick([1, 2]) }
  return {
    promptIds,
    generate: pick([0, 1, 5, 12]),
    sampling: pick([{ temperature: 0, topP: 1, topK: 0, seed: pick([0, 1]) }, warm]),
    stopIds: random() < 0.3 ? [pick(base), pick(base)] : [],
    edits,
    layers: pick([saeLayers, saeLayers, saeLayers, [1], []]),
    top: pick([8, 3]),
    alternatives: pick([0, 3, 12]),
    promptPredictions: true, capture: null,
  }
}

function expectSame(actual: Generated, expected: Generated, where: string): void {
  expect(actual.ids, where).toEqual(expected.ids)
  expect(actual.reason, where).toBe(expected.reason)
  actual.tokens.forEach((token, index) => expectSameReport(token, expected.tokens[index]!, `${where}, token ${index}`))
}

function expectSameReport(actual: TokenReport, expected: TokenReport, where: string): void {
  expect(actual.generated, where).toBe(expected.generated)
  expect(actual.fired, where).toEqual(expected.fired)
  expect(actual.logprob === null, where).toBe(expected.logprob === null)
  if (actual.logprob !== null) expect(near(actual.logprob, expected.logprob!), where).toBe(true)
  expect(actual.alternatives.length, where).toBe(expected.alternatives.length)
  actual.alternatives.forEach(({ logprob }, i) => expect(near(logprob, expected.alternatives[i]!.logprob), where).toBe(true))
  for (const table of ['features', 'featuresAfterEdit'] as const) {
    expect(Object.keys(actual[table]), where).toEqual(Object.keys(expected[table]))
    for (const layer of Object.keys(actual[table])) expectSameFeatures(actual[table][Number(layer)]!, expected[table][Number(layer)]!, `${where}, ${table} of layer ${layer}`)
  }
  expect(Object.keys(actual.residualNorm), where).toEqual(Object.keys(expected.residualNorm))
  for (const [layer, norm] of Object.entries(actual.residualNorm)) expect(near(norm, expected.residualNorm[Number(layer)]!), where).toBe(true)
}

/** A feature may stand on one side only where it is as strong as the weakest. */
function expectSameFeatures(actual: readonly FeatureActivation[], expected: readonly FeatureActivation[], where: string): void {
  expect(actual.length, where).toBe(expected.length)
  const weakest = expected.at(-1)?.activation ?? 0
  const byFeature = new Map(expected.map(({ feature, activation }) => [feature, activation]))
  for (const { feature, activation } of actual) expect(near(activation, byFeature.get(feature) ?? weakest), `${where}: feature ${feature}`).toBe(true)
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b))
}

/** A small seeded generator, so that a failing script can be run again. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
