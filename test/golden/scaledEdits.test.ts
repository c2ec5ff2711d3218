// Edits through SAEs that scale what they read: the residual moves by the change of the activation, times the token's own factor, along W_dec.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createEngineCore } from '../../server/engine/engineCore'
import { writeSafetensors } from '../../server/formats/safetensors'
import type { Edit } from '../../server/protocol/values'
import { generate, NEVER } from './engineHarness'
import { readGolden } from './goldenFiles'

const D_MODEL = 32
const D_SAE = 48
const LAYER = 1
const golden = await readGolden('tied')
const folder = mkdtempSync(join(tmpdir(), 'promptscope-scaled-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Numbers of no pattern, from −1 to 1. */
const numbers = (count: number, salt: number, scale = 1) => Float32Array.from({ length: count }, (_, i) => scale * Math.sin(12.9898 * (i + 1) + 78.233 * salt))
const W_dec = numbers(D_SAE * D_MODEL, 2, 0.3)

function writeSet(normalize: string): string {
  const set = mkdtempSync(join(folder, 'set-'))
  const cfg = { architecture: 'jumprelu', d_in: D_MODEL, d_sae: D_SAE, apply_b_dec_to_input: false, normalize_activations: normalize, metadata: { hook_name: `blocks.${LAYER}.hook_resid_post` } }
  writeFileSync(join(set, 'cfg.json'), JSON.stringify(cfg))
  writeFileSync(join(set, 'sae_weights.safetensors'), writeSafetensors([
    { name: 'W_enc', shape: [D_MODEL, D_SAE], data: numbers(D_MODEL * D_SAE, 1, 0.4) },
    { name: 'W_dec', shape: [D_SAE, D_MODEL], data: W_dec },
    { name: 'b_enc', shape: [D_SAE], data: numbers(D_SAE, 3, 0.1) },
    { name: 'b_dec', shape: [D_MODEL], data: numbers(D_MODEL, 4) },
    { name: 'threshold', shape: [D_SAE], data: numbers(D_SAE, 5, 0.1).map(Math.abs) },
  ]))
  return set
}

const factors: Readonly<Record<string, (x: Float32Array) => number>> = {
  none: () => 1,
  constant_norm_rescale: (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / D_MODEL),
  layer_norm: (x) => {
    const mean = x.reduce((sum, value) => sum + value, 0) / D_MODEL
    return Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (D_MODEL - 1))
  },
}

describe.each(Object.keys(factors))('an SAE with the scaling %s', (normalize) => {
  it('moves each residual by its own measure', async () => {
    const engine = createEngineCore()
    await engine.load({ modelPath: golden.modelPath, saePath: writeSet(normalize), precision: 'exact', providers: [], threads: 1 }, () => {}, NEVER)
    const promptIds = golden.cases[0]!.ids.slice(0, 12)
    const request = {
      promptIds, generate: 0, sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, stopIds: [], layers: [LAYER], top: D_SAE, alternatives: 0,
      capture: { logits: false, residualLayers: [LAYER] },
    }
    const plain = await generate(engine, { ...request, edits: [] })
    const x = plain.captured!.residuals[LAYER]!
    const activations = plain.tokens.map((token) => token.features[LAYER]!)
    const feature = activations[5]![0]!.feature
    const edit: Edit = { feature: { layer: LAYER, feature }, operation: { kind: 'set', value: 2 }, positions: { kind: 'all' } }
    const moved = (await generate(engine, { ...request, edits: [edit] })).captured!.residuals[LAYER]!
    for (let row = 0; row < promptIds.length; row++) {
      const before = x.subarray(row * D_MODEL, (row + 1) * D_MODEL)
      const a = activations[row]!.find((each) => each.feature === feature)?.activation ?? 0
      const step = (2 - a) * factors[normalize]!(before)
      for (let i = 0; i < D_MODEL; i++) expect(moved[row * D_MODEL + i]! - before[i]!).toBeCloseTo(step * W_dec[feature * D_MODEL + i]!, 3)
    }
    await engine.dispose()
  })
})
