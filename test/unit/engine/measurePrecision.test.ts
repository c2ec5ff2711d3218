// The cost of a precision on a tiny checkpoint, against residuals captured beside it and compared here in float64.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { createEngineCore } from '../../../server/engine/engineCore'
import type { LoadedModel } from '../../../server/engine/engine'
import { measurePrecision } from '../../../server/engine/precision/measurePrecision'
import { CancelledError } from '../../../server/protocol/errors'
import type { Precision, Progress } from '../../../server/protocol/values'
import { generate, NEVER } from '../../golden/engineHarness'

const GOLDEN = join(import.meta.dirname, '../../golden/tied')
const tokenIds = Array.from({ length: 40 }, (_, i) => (i * 37 + 5) % 300)
const LAYERS = [0, 1, 2]

const engine = createEngineCore()
const exact = createEngineCore()
const load = (which: typeof engine, precision: Precision): Promise<LoadedModel> =>
  which.load({ modelPath: join(GOLDEN, 'model'), saePath: join(GOLDEN, 'sae'), precision, providers: ['cpu'], threads: 1 }, () => {}, NEVER)
const read = (which: typeof engine) => generate(which, { promptIds: tokenIds, layers: LAYERS, top: 8, alternatives: 1, capture: { logits: false, residualLayers: LAYERS } })

beforeAll(async () => void (await load(exact, 'exact')))
afterAll(() => Promise.all([engine.dispose(), exact.dispose()]))

describe.each(['q8', 'q4'] as const)('%s', (precision) => {
  it('is off by what the residuals say, and keeps what both have', async () => {
    const model = await load(engine, precision)
    const progress: Progress[] = []
    const cost = await measurePrecision({ engine, model, tokenIds }, createEngineCore, (step) => progress.push(step), NEVER)
    const [measured, reference] = [await read(engine), await read(exact)]
    for (const layer of LAYERS) {
      const [h, q] = [reference, measured].map(({ captured }) => captured!.residuals[layer]!)
      expect(cost.residualError[layer]).toBeCloseTo(meanError(h!, q!), 6)
      const kept = reference.tokens.slice(1).map((token, i) => {
        const there = measured.tokens[i + 1]!.features[layer]!.map(({ feature }) => feature)
        const top = token.features[layer]!
        return top.filter(({ feature }) => there.includes(feature)).length / top.length
      })
      expect(cost.features.find((each) => each.layer === layer)!.kept).toBeCloseTo(kept.reduce((sum, share) => sum + share) / kept.length, 9)
    }
    const same = reference.tokens.slice(1).filter(({ alternatives }, i) => alternatives[0]!.id === measured.tokens[i + 1]!.alternatives[0]!.id)
    expect(cost).toMatchObject({ precision, tokens: tokenIds.length, sae: join(GOLDEN, 'sae'), sameToken: same.length / (tokenIds.length - 1) })
    expect(cost.residualError.every((error) => error > 1e-4)).toBe(true)
    expect([progress[0]!.fraction, progress.at(-1)!.fraction]).toEqual([0, 1])
  })
})

it('exact weights cost nothing: straight from the files they give what folded ones give', async () => {
  const model = await load(engine, 'exact')
  const cost = await measurePrecision({ engine, model, tokenIds }, createEngineCore, () => {}, NEVER)
  expect(Math.max(...cost.residualError)).toBeLessThan(1e-6)
  expect(cost).toMatchObject({ features: LAYERS.map((layer) => ({ layer, kept: 1 })), sameToken: 1 })
})

it('is cancelled, and leaves no engine behind', async () => {
  const model = await load(engine, 'q8')
  const controller = new AbortController()
  let disposed = 0
  const openExact = () => ({ ...createEngineCore(), dispose: async () => void disposed++ })
  const measuring = measurePrecision({ engine, model, tokenIds }, openExact, () => controller.abort(), controller.signal)
  await expect(measuring).rejects.toBeInstanceOf(CancelledError)
  expect(disposed).toBe(1)
})

it('needs more than one token', async () => {
  const model = await load(engine, 'q8')
  await expect(measurePrecision({ engine, model, tokenIds: [1] }, createEngineCore, () => {}, NEVER)).rejects.toThrow(/as 1 tokens, too few to compare$/)
})

function meanError(h: Float32Array, q: Float32Array): number {
  const width = h.length / tokenIds.length
  const norm = (values: readonly number[]) => Math.hypot(...values)
  const errors = tokenIds.slice(1).map((_, i) => {
    const row = Array.from({ length: width }, (_each, j) => (i + 1) * width + j)
    return norm(row.map((at) => q[at]! - h[at]!)) / norm(row.map((at) => h[at]!))
  })
  return errors.reduce((sum, error) => sum + error) / errors.length
}
