// The engine against transformers in float32: residuals, logits, activations, edits and greedy tokens, on tiny random checkpoints.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngineCore } from '../../server/engine/engineCore'
import type { FeatureActivation } from '../../server/protocol/values'
import { generate, loadGolden, type Generated } from './engineHarness'
import { GOLDEN_MODELS, readGolden, type Golden, type GoldenCase } from './goldenFiles'

const VALUE_TOLERANCE = 1e-4
const EDITED_TOLERANCE = 1e-3
const ACTIVATION_TOLERANCE = 1e-3
/** Below this distance between the two likeliest logits, rounding may choose either. */
const GAP = 2e-3

for (const model of GOLDEN_MODELS) {
  const golden = await readGolden(model)
  describe(`${model} checkpoint`, () => {
    const engine = createEngineCore()
    let layers = 0
    let k = 0
    let vocabSize = 0
    let dModel = 0

    beforeAll(async () => {
      const loaded = await loadGolden(engine, golden)
      layers = loaded.identity.layers
      dModel = loaded.identity.dModel
      k = loaded.sae!.k!
      vocabSize = loaded.vocabSize
    })
    afterAll(() => engine.dispose())

    const run = (golden: Golden, { ids, promptLength, edits }: GoldenCase): Promise<Generated> =>
      generate(engine, {
        promptIds: ids.slice(0, promptLength), generate: ids.length - promptLength, edits, layers: golden.saeLayers, top: k,
        capture: { logits: true, residualLayers: Array.from({ length: layers }, (_, layer) => layer) },
      })

    it.each(golden.cases.map((c) => [c.name, c] as const))('computes %s as transformers does', async (_, c) => {
      const result = await run(golden, c)
      const certain = certainTokens(c)
      expect(result.ids.slice(0, certain)).toEqual(c.ids.slice(0, certain))
      const tolerance = c.edits.length ? EDITED_TOLERANCE : VALUE_TOLERANCE

      const residuals = golden.vector(c.name, 'residuals')
      for (let layer = 0; layer < layers; layer++) {
        c.rows.forEach((row, i) => {
          if (row >= certain) return
          const recorded = slice(residuals, layer * c.rows.length + i, dModel)
          expect(relativeError(slice(result.captured!.residuals[layer]!, row, dModel), recorded), `residual of layer ${layer} at ${row}`).toBeLessThan(tolerance)
          const report = result.tokens[row]!
          // Recorded after the edits; the norm is that of the residual as it arrived.
          if (golden.saeLayers.includes(layer) && c.edits.every(({ feature }) => feature.layer !== layer)) expect(report.residualNorm[layer]).toBeCloseTo(Math.hypot(...recorded), 2)
        })
      }
      const logits = golden.vector(c.name, 'logits')
      c.logitRows.forEach((row, i) => {
        if (row < certain) expect(relativeError(slice(result.captured!.logits!, row, vocabSize), slice(logits, i, vocabSize)), `logits at ${row}`).toBeLessThan(tolerance)
      })
      const logprobs = golden.vector(c.name, 'logprobs')
      for (const token of result.tokens.slice(1, certain)) expect(token.logprob, `logprob at ${token.index}`).toBeCloseTo(logprobs[token.index - 1]!, 3)
      expect(result.tokens[0]!.logprob).toBeNull()
    })

    it.each(golden.cases.map((c) => [c.name, c] as const))('reads the features of %s, before and after edits', async (_, c) => {
      const result = await run(golden, c)
      const certain = certainTokens(c)
      golden.saeLayers.forEach((layer, l) => {
        const isEdited = c.edits.some(({ feature }) => feature.layer === layer)
        c.rows.forEach((row, i) => {
          if (row >= certain) return
          const at = l * c.rows.length + i
          const report = result.tokens[row]!
          expectFeatures(report.features[layer]!, recordedFeatures(golden, c, 'before', at, k), `layer ${layer} at ${row}`)
          if (isEdited) expectFeatures(report.featuresAfterEdit[layer]!, recordedFeatures(golden, c, 'after', at, k), `layer ${layer} at ${row}, after`)
          else expect(report.featuresAfterEdit[layer]).toBeUndefined()
        })
      })
    })

    it.each(golden.cases.filter((c) => c.edits.length === 0).map((c) => [c.name, c] as const))('decodes %s as it prefills', async (_, c) => {
      const layersToRead = golden.saeLayers
      const decoded = await run(golden, c)
      const prefilled = await generate(engine, { promptIds: decoded.ids, layers: layersToRead, top: k, capture: { logits: true, residualLayers: [layers - 1] } })
      expect(relativeError(prefilled.captured!.residuals[layers - 1]!, Array.from(decoded.captured!.residuals[layers - 1]!))).toBeLessThan(1e-5)
      expect(relativeError(prefilled.captured!.logits!, Array.from(decoded.captured!.logits!))).toBeLessThan(1e-5)
    })
  })
}

/** Positions up to the first generated token that rounding may change. */
function certainTokens(c: GoldenCase): number {
  const uncertain = c.gaps.findIndex((gap) => gap <= GAP)
  return uncertain < 0 ? c.ids.length : c.promptLength + uncertain
}

function slice(values: ArrayLike<number>, row: number, length: number): number[] {
  return Array.from({ length }, (_, i) => values[row * length + i]!)
}

/** Largest difference, in units of the largest recorded value. */
function relativeError(actual: ArrayLike<number>, recorded: ArrayLike<number>): number {
  let difference = 0
  let scale = 0
  for (let i = 0; i < recorded.length; i++) {
    // A NaN on either side must not pass.
    const here = Math.abs(actual[i]! - recorded[i]!)
    difference = Number.isNaN(here) ? Infinity : Math.max(difference, here)
    scale = Math.max(scale, Math.abs(recorded[i]!))
  }
  return difference / scale
}

function recordedFeatures(golden: Golden, c: GoldenCase, side: 'before' | 'after', row: number, k: number): FeatureActivation[] {
  const activations = slice(golden.vector(c.name, `${side}.activations`), row, k)
  const features = slice(golden.vector(c.name, `${side}.features`), row, k)
  return features.map((feature, i) => ({ feature, activation: activations[i]! })).filter(({ activation }) => activation > 0)
}

/** Same activations; a feature may be missing on one side only where it is within the tolerance of the smallest of the k. */
function expectFeatures(actual: readonly FeatureActivation[], recorded: readonly FeatureActivation[], where: string): void {
  const smallest = Math.min(...recorded.map(({ activation }) => activation))
  const byFeature = new Map(recorded.map(({ feature, activation }) => [feature, activation]))
  expect(actual.length, where).toBe(recorded.length)
  for (const { feature, activation } of actual) {
    expect(Math.abs(activation - (byFeature.get(feature) ?? smallest)), `${where}: feature ${feature}`).toBeLessThan(ACTIVATION_TOLERANCE)
  }
  expect(actual.map(({ activation }) => activation)).toEqual(actual.map(({ activation }) => activation).sort((a, b) => b - a))
}
