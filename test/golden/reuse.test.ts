// A used engine answers as a fresh one: random scripts of prompts, given tokens, edits, samplings, reads, close looks and cancels, run side by side.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import type { Engine, GenerateRequest, InspectRequest, LayerReport, ReadRequest, TokenPrediction, TokenReport } from '../../server/engine/engine'
import { createEngineCore } from '../../server/engine/engineCore'
import { CancelledError } from '../../server/protocol/errors'
import type { Edit, EditOperation, EditPositions, FeatureActivation } from '../../server/protocol/values'
import { generate, loadGolden, NEVER, type Generated } from './engineHarness'
import { readGolden, type Golden } from './goldenFiles'
import { randomNumbers } from '../unit/randomNumbers'

const TOLERANCE = 1e-5
const REQUESTS = 40

/** What scripts are made of. */
type Subject = Pick<Golden, 'modelPath' | 'saePath' | 'saeLayers'> & { readonly texts: readonly (readonly number[])[]; readonly dSae: number; readonly cacheBytes?: number }

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
  'tied, with room for a few sequences': async () => ({ ...(await fromGolden('tied')), cacheBytes: 7e5 }),
}

describe.each(Object.keys(SUBJECTS))('an engine that has served other requests of %s', async (model) => {
  const golden = await SUBJECTS[model]!()
  const used = createEngineCore(golden.cacheBytes)
  // Remembers nothing, so that every request starts from nothing.
  const fresh = createEngineCore(0)
  beforeAll(async () => void (await Promise.all([loadGolden(used, golden), loadGolden(fresh, golden)])))
  afterAll(async () => void (await Promise.all([used.dispose(), fresh.dispose()])))

  it.each([1, 2, 3])('answers as a fresh one, script %i', async (seed) => {
    const random = randomNumbers(seed)
    const features: { layer: number; feature: number; activation: number }[] = []
    /** What was said to a prompt: later requests give some of it, and change what follows. */
    const spoken: { readonly promptIds: readonly number[]; readonly ids: readonly number[] }[] = []
    let reused = 0
    for (let count = 0; count < REQUESTS; count++) {
      const request = randomRequest(golden, random, features, spoken)
      if (random() < 0.2) await cancelAt(used, request, Math.floor(random() * 30))
      if (random() < 0.4) await expectSameRead(used, fresh, randomRead(golden, random, request))
      const actual = await generate(used, request)
      const expected = await generate(fresh, request)
      expect(expected.reusedTokens).toBe(0)
      expectSame(actual, expected, `request ${count}: ${JSON.stringify(request)}, ${actual.reusedTokens} reused`)
      reused += actual.reusedTokens
      const known = [...request.promptIds, ...(request.givenIds ?? [])]
      const whole = [...known, ...actual.tokens.filter(({ index }) => index >= known.length).map(({ id }) => id)]
      if (whole.length > request.promptIds.length) spoken.push({ promptIds: request.promptIds, ids: whole.slice(request.promptIds.length) })
      if (random() < 0.3) await expectSameRead(used, fresh, randomRead(golden, random, { ...request, promptIds: whole }))
      if (random() < 0.4) await expectSameLook(used, fresh, randomLook(golden, random, { ...request, promptIds: whole }))
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
  return {
    tokenIds, promptLength: Math.ceil(tokenIds.length * random()), edits: random() < 0.7 ? edits : [], layers, top: 8,
    ...(random() < 0.5 && { from: Math.floor(random() * (tokenIds.length + 1)) }), ...(random() < 0.3 && { predictions: { alternatives: Math.floor(random() * 13) } }),
  }
}

/** Some layers of one token, most often the last or a late one. */
function randomLook({ saeLayers }: Subject, random: () => number, { promptIds, edits }: GenerateRequest): InspectRequest {
  const some = (): number[] => saeLayers.filter(() => random() < 0.5)
  const tokenIds = promptIds.slice(0, random() < 0.4 ? promptIds.length : 1 + Math.floor(random() * promptIds.length))
  return {
    tokenIds, promptLength: Math.ceil(tokenIds.length * random()), edits: random() < 0.7 ? edits : [], layers: some(), top: 8, reconstructionLayers: some(), lensLayers: some(),
    candidates: Math.floor(random() * 6), residualLayers: some(),
  }
}

async function expectSameLook(used: Engine, fresh: Engine, request: InspectRequest): Promise<void> {
  const [actual, expected] = [await used.inspect(request, NEVER), await fresh.inspect(request, NEVER)]
  const where = `look ${JSON.stringify(request)}`
  expect(actual.layers.map(({ layer }) => layer), where).toEqual(request.layers)
  actual.layers.forEach((layer, i) => {
    const other = expected.layers[i]!
    expectSameFeatures(layer.features, other.features, where)
    expect(layer.after === null, `${where}, layer ${layer.layer}`).toBe(other.after === null)
    if (layer.after) expectSameFeatures(layer.after, other.after!, where)
    expect(near(layer.residualNorm, other.residualNorm), where).toBe(true)
    expect(layer.reconstructionError === null, where).toBe(!request.reconstructionLayers.includes(layer.layer))
    if (layer.reconstructionError !== null) expect(Math.abs(layer.reconstructionError - other.reconstructionError!), where).toBeLessThan(1e-4)
  })
  expect(actual.next === null, where).toBe(request.candidates === 0)
  expect(actual.lens.map(({ layer }) => layer), where).toEqual(request.candidates === 0 ? [] : request.lensLayers)
  const pairs = [...actual.lens.map((lens, i) => [lens, expected.lens[i]!] as const), ...(actual.next ? [[actual.next, expected.next!] as const] : [])]
  for (const [one, other] of pairs) {
    expect(near(one.entropy, other.entropy), where).toBe(true)
    expect(one.candidates.length, where).toBe(request.candidates)
    one.candidates.forEach(({ logprob }, i) => expect(near(logprob, other.candidates[i]!.logprob), where).toBe(true))
  }
  expect(Object.keys(actual.residuals).map(Number), where).toEqual([...request.residualLayers].sort((a, b) => a - b))
  for (const layer of request.residualLayers) {
    const [one, other] = [actual.residuals[layer]!, expected.residuals[layer]!]
    expect(Math.hypot(...one.map((x, i) => x - other[i]!)), where).toBeLessThanOrEqual(TOLERANCE * Math.hypot(...other) * 10)
  }
}

async function expectSameRead(used: Engine, fresh: Engine, request: ReadRequest): Promise<void> {
  const [actual, expected] = [await read(used, request), await read(fresh, request)]
  const where = `read ${JSON.stringify(request)}`
  const count = request.tokenIds.length - (request.from ?? 0)
  expect(actual.reports.map(({ layer }) => layer), where).toEqual(count === 0 ? [] : [...request.layers].sort((a, b) => a - b))
  actual.reports.forEach(({ layer, features, residualNorm }, i) => {
    expect(features.length, where).toBe(count)
    features.forEach((list, token) => expectSameFeatures(list, expected.reports[i]!.features[token]!, `${where}, layer ${layer}, token ${token}`))
    residualNorm.forEach((norm, token) => expect(near(norm, expected.reports[i]!.residualNorm[token]!), `${where}, layer ${layer}, token ${token}`).toBe(true))
  })
  expect(actual.predictions.length, where).toBe(request.predictions ? count : 0)
  actual.predictions.forEach((prediction, i) => expectSamePrediction(prediction, expected.predictions[i]!, `${where}, prediction ${i}`))
}

function expectSamePrediction(actual: TokenPrediction | null, expected: TokenPrediction | null, where: string): void {
  expect(actual === null, where).toBe(expected === null)
  if (!actual || !expected) return
  expect(near(actual.logprob, expected.logprob), where).toBe(true)
  expect(near(actual.entropy, expected.entropy), where).toBe(true)
  // Of logits that nearly agree either may come first.
  expect(Math.abs(actual.rank - expected.rank), where).toBeLessThanOrEqual(1)
  expect(actual.alternatives.length, where).toBe(expected.alternatives.length)
  actual.alternatives.forEach(({ logprob }, i) => expect(near(logprob, expected.alternatives[i]!.logprob), where).toBe(true))
}

interface Reading {
  readonly reports: readonly LayerReport[]
  readonly predictions: readonly (TokenPrediction | null)[]
}

async function read(engine: Engine, request: ReadRequest): Promise<Reading> {
  const reports: LayerReport[] = []
  const predictions: (TokenPrediction | null)[] = []
  await engine.read(request, (event) => {
    if (event.kind === 'layer') reports.push(event.report)
    if (event.kind === 'predictions') predictions.push(...event.predictions)
  }, NEVER)
  return { reports, predictions }
}

function randomRequest(
  golden: Subject, random: () => number, seen: readonly { layer: number; feature: number; activation: number }[], spoken: readonly { readonly promptIds: readonly number[]; readonly ids: readonly number[] }[],
): GenerateRequest {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
  const { saeLayers } = golden
  const base = pick(golden.texts)
  const isContinued = spoken.length > 0 && random() < 0.5
  const earlier = isContinued ? pick(spoken.slice(-4)) : null
  const promptIds = earlier ? [...earlier.promptIds] : base.slice(0, 1 + Math.floor(random() * Math.min(base.length - 1, 90)))
  const givenIds = earlier ? earlier.ids.slice(0, Math.floor(random() * (earlier.ids.length + 1))) : random() < 0.1 ? base.slice(0, 5) : []
  if (givenIds.length > 0 && random() < 0.3) givenIds.push(Math.floor(random() * 300))
  if (!isContinued && random() < 0.3) promptIds[Math.floor(random() * promptIds.length)] = Math.floor(random() * 300)

  const positions = (): EditPositions => {
    const first = Math.floor(random() * (promptIds.length + givenIds.length + 10))
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
    ...(givenIds.length > 0 && { givenIds }),
    ...(random() < 0.3 && { reportFrom: Math.floor(random() * (promptIds.length + givenIds.length + 3)) }),
    generate: pick([0, 1, 1, 5, 12]),
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
  expect(actual.tokens[0]?.index, where).toBe(expected.tokens[0]?.index)
  actual.tokens.forEach((token, index) => expectSameReport(token, expected.tokens[index]!, `${where}, token ${index}`))
}

function expectSameReport(actual: TokenReport, expected: TokenReport, where: string): void {
  expect(actual.generated, where).toBe(expected.generated)
  expect(actual.fired, where).toEqual(expected.fired)
  expectSamePrediction(predictionOf(actual), predictionOf(expected), where)
  for (const table of ['features', 'featuresAfterEdit'] as const) {
    expect(Object.keys(actual[table]), where).toEqual(Object.keys(expected[table]))
    for (const layer of Object.keys(actual[table])) expectSameFeatures(actual[table][Number(layer)]!, expected[table][Number(layer)]!, `${where}, ${table} of layer ${layer}`)
  }
  expect(Object.keys(actual.residualNorm), where).toEqual(Object.keys(expected.residualNorm))
  for (const [layer, norm] of Object.entries(actual.residualNorm)) expect(near(norm, expected.residualNorm[Number(layer)]!), where).toBe(true)
}

function predictionOf({ logprob, entropy, rank, alternatives }: TokenReport): TokenPrediction | null {
  return logprob === null ? null : { logprob, entropy: entropy!, rank: rank!, alternatives }
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
