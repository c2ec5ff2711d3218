// What each layer would say next, and how certain the model is of each token, against transformers in float32.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createEngineCore } from '../../server/engine/engineCore'
import type { Distribution, InspectRequest, TokenPrediction } from '../../server/engine/engine'
import { generate, loadGolden, NEVER } from './engineHarness'
import { readGolden } from './goldenFiles'

interface RecordedDistribution {
  readonly ids: readonly number[]
  readonly logprobs: readonly number[]
  readonly entropy: number
}

interface RecordedCase {
  readonly model: string
  readonly case: string
  /** Of the tokens from position 1 on. */
  readonly tokens: readonly { readonly entropy: number; readonly rank: number }[]
  /** Positions that were looked into, and by position and layer what the layer would say next. */
  readonly at: readonly number[]
  readonly lens: readonly (readonly RecordedDistribution[])[]
}

const RECORDED = JSON.parse(readFileSync(join(import.meta.dirname, 'lens.json'), 'utf8')) as RecordedCase[]
const NOTHING: Omit<InspectRequest, 'tokenIds' | 'promptLength'> = { edits: [], layers: [], top: 8, reconstructionLayers: [], lensLayers: [], candidates: 0, residualLayers: [] }

for (const model of new Set(RECORDED.map((each) => each.model))) {
  describe(`${model} checkpoint`, async () => {
    const golden = await readGolden(model)
    const engine = createEngineCore()
    const { identity, saeLayers } = await loadGolden(engine, golden)
    const layers = Array.from({ length: identity.layers }, (_, layer) => layer)
    afterAll(() => engine.dispose())

    describe.each(RECORDED.filter((each) => each.model === model).map((each) => [each.case, each] as const))('%s', (name, recorded) => {
      const { ids, promptLength, edits } = golden.cases.find((each) => each.name === name)!

      it('is as certain of each token, prompt and generated', async () => {
        const predictions: (TokenPrediction | null)[] = []
        const seen = { tokenIds: ids, promptLength, edits, layers: [], top: 0, predictions: { alternatives: 3 } }
        await engine.read(seen, (event) => event.kind === 'predictions' && predictions.push(...event.predictions), NEVER)
        const { tokens } = await generate(engine, { promptIds: ids.slice(0, promptLength), givenIds: ids.slice(promptLength), edits })
        expect(predictions).toHaveLength(ids.length)
        expect(predictions[0]).toBeNull()
        recorded.tokens.forEach(({ entropy, rank }, i) => {
          for (const actual of [predictions[i + 1]!, tokens[i + 1]!]) {
            expect(Math.abs(actual.entropy! - entropy), `entropy at ${i + 1}`).toBeLessThan(2e-3)
            // Of logits that nearly agree either may come first.
            expect(Math.abs(actual.rank! - rank), `rank at ${i + 1}`).toBeLessThanOrEqual(1)
          }
        })
      })

      it.each([0, 1])('would say the same after each layer, at place %i', async (place) => {
        const at = recorded.at[place]!
        const { lens, next, residuals } = await engine.inspect(
          { ...NOTHING, tokenIds: ids.slice(0, at + 1), promptLength: Math.min(promptLength, at + 1), edits, lensLayers: layers, candidates: 5, residualLayers: [0] }, NEVER,
        )
        expect(lens.map(({ layer }) => layer)).toEqual(layers)
        lens.forEach((actual, layer) => expectDistribution(actual, recorded.lens[place]![layer]!, `layer ${layer}`))
        expectDistribution(next!, recorded.lens[place]!.at(-1)!, 'next')
        expect(residuals[0]).toHaveLength(identity.dModel)
      })

      it('has the features, norms and residuals that a run reports', async () => {
        const run = await generate(engine, { promptIds: ids.slice(0, promptLength), givenIds: ids.slice(promptLength), edits, layers: saeLayers, top: 8, reconstructionLayers: saeLayers, capture: { logits: false, residualLayers: layers } })
        for (const at of recorded.at) {
          const seen = await engine.inspect({ ...NOTHING, tokenIds: ids.slice(0, at + 1), promptLength, edits, layers, reconstructionLayers: saeLayers, residualLayers: layers }, NEVER)
          for (const { layer, features, after, residualNorm, reconstructionError } of seen.layers) {
            const token = run.tokens[at]!
            const captured = run.captured!.residuals[layer]!.subarray(at * identity.dModel, (at + 1) * identity.dModel)
            expect(Math.hypot(...seen.residuals[layer]!.map((x, i) => x - captured[i]!)) / Math.hypot(...captured)).toBeLessThan(1e-4)
            if (!saeLayers.includes(layer)) {
              expect(features).toEqual([])
              expect(residualNorm).toBeCloseTo(Math.hypot(...captured), 3)
              continue
            }
            expect(features.map(({ feature }) => feature)).toEqual(token.features[layer]!.map(({ feature }) => feature))
            expect(residualNorm).toBeCloseTo(token.residualNorm[layer]!, 3)
            expect(reconstructionError).toBeCloseTo(token.reconstructionError![layer]!, 4)
            const strength = (list: typeof features) => list.map(({ activation }) => Number(activation.toFixed(2)))
            if (after) expect(strength(after)).toEqual(strength(token.featuresAfterEdit[layer]!))
          }
        }
      })
    })
  })
}

function expectDistribution(actual: Distribution, recorded: RecordedDistribution, where: string): void {
  expect(Math.abs(actual.entropy - recorded.entropy), `entropy, ${where}`).toBeLessThan(2e-3)
  recorded.logprobs.forEach((logprob, i) => expect(Math.abs(actual.candidates[i]!.logprob - logprob), `${where}, candidate ${i}`).toBeLessThan(2e-3))
  // The order of neighbours that nearly agree may differ.
  if (recorded.logprobs[0]! - recorded.logprobs[1]! > 4e-3) expect(actual.candidates[0]!.id, where).toBe(recorded.ids[0])
}
