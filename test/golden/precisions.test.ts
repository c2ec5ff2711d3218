// Rounded weights against exact ones: every golden checkpoint at 8 and 4 bits near what transformers computes, and the features of the demo model.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openPromptModel } from '../../server/checkpoint/openPromptModel'
import { createEngineCore } from '../../server/engine/engineCore'
import type { Precision } from '../../server/protocol/values'
import { generate, NEVER, type Generated } from './engineHarness'
import { GOLDEN_MODELS, readGolden } from './goldenFiles'

const engine = createEngineCore()
afterAll(() => engine.dispose())

const load = (modelPath: string, saePath: string, precision: Precision) => engine.load({ modelPath, saePath, precision, providers: ['cpu'], threads: 1 }, () => {}, NEVER)

/**
 * Most that the residual of any layer may be off, ‖a − b‖ / ‖b‖. Random weights are the worst there are: nothing that they compute stands out
 * of the noise. At 4 bits a weight is off by 9 % of a block's typical one, and such models of three or four layers add that up to half.
 */
const TOLERANCE = { q8: 0.08, q4: 0.7 } as const

describe.each(GOLDEN_MODELS)('%s checkpoint', async (model) => {
  const golden = await readGolden(model)
  const c = golden.cases.find(({ name }) => name === '70/plain')!

  it.each(['q8', 'q4'] as const)('computes nearly what transformers does at %s', async (precision) => {
    const { identity: { layers, dModel, ...identity } } = await load(golden.modelPath, golden.saePath, precision)
    expect(identity.precision).toBe(precision)
    const { captured } = await generate(engine, { promptIds: c.ids, capture: { logits: false, residualLayers: Array.from({ length: layers }, (_, layer) => layer) } })
    const recorded = golden.vector(c.name, 'residuals')
    for (let layer = 0; layer < layers; layer++) {
      const residuals = c.rows.flatMap((row) => Array.from(captured!.residuals[layer]!.subarray(row * dModel, (row + 1) * dModel)))
      const error = relativeError(residuals, recorded.slice(layer * residuals.length, (layer + 1) * residuals.length))
      expect(error, `layer ${layer}`).toBeLessThan(TOLERANCE[precision])
      // The weights are rounded indeed.
      expect(error, `layer ${layer}`).toBeGreaterThan(1e-4)
    }
  })
})

describe('the demo model at q8', () => {
  const demo = join(import.meta.dirname, '../../demo')
  const texts = readFileSync(join(demo, 'case-study/prompts.jsonl'), 'utf8').trim().split('\n').slice(0, 12).map((line) => (JSON.parse(line) as { text: string }).text)

  const featuresAt = async (precision: Precision): Promise<Generated[]> => {
    const { saeLayers, sae } = await load(join(demo, 'model'), join(demo, 'sae'), precision)
    const { tokenizer } = await openPromptModel(join(demo, 'model'))
    const runs = []
    for (const text of texts) runs.push(await generate(engine, { promptIds: tokenizer.encode(text).map(({ id }) => id), layers: saeLayers, top: sae!.k! }))
    return runs
  }

  it('keeps at least 95 % of the exact top k on every layer', async () => {
    const exact = await featuresAt('exact')
    const rounded = await featuresAt('q8')
    for (const layer of [0, 1, 2, 3, 4, 5]) {
      let kept = 0
      let all = 0
      exact.forEach(({ tokens }, run) => tokens.forEach(({ features, index }) => {
        const found = new Set(rounded[run]!.tokens[index]!.features[layer]!.map(({ feature }) => feature))
        all += features[layer]!.length
        kept += features[layer]!.filter(({ feature }) => found.has(feature)).length
      }))
      expect(all).toBeGreaterThan(32 * 150)
      expect(kept / all, `layer ${layer}`).toBeGreaterThanOrEqual(0.95)
    }
  })
})

/** ‖a − b‖ / ‖b‖ */
function relativeError(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b)
}
