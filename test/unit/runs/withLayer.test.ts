// A layer that is read after the run stands in its record as if it had been read while the run went on.
import { expect, it } from 'vitest'
import type { LayerReport, TokenReport } from '../../../server/engine/engine'
import { parseEditLine } from '../../../server/formats/editLine'
import { prepareTokenIds } from '../../../server/runs/preparePrompt'
import { createRunRecorder } from '../../../server/runs/runDetail'
import { withLayer } from '../../../server/runs/withLayer'

const tokenizer = {
  display: (id: number) => `t${id}`, createTextStream: () => ({ push: (id: number) => `t${id}`, end: () => '' }), encode: () => [], leastTokens: () => 0, idOf: () => null,
  pieces: (ids: readonly number[]) => ids.map((id) => ({ text: `t${id}`, display: `t${id}` })),
}

/** Layer 1 is edited on token 2 only, and token 3 is an outlier there; layer 0 knows nothing of either. */
const reports = [0, 1, 2, 3].map((index): TokenReport => ({
  index, id: index, generated: index >= 2, logprob: null, alternatives: [], entropy: null, rank: null,
  features: { 0: [{ feature: index, activation: 1 }], 1: [{ feature: 7, activation: 5 + index }, { feature: 2, activation: 1 }] },
  featuresAfterEdit: index === 2 ? { 1: [{ feature: 2, activation: 1 }] } : {}, residualNorm: { 0: 1, 1: index === 3 ? 50 : 2 }, fired: index === 2 ? [0] : [],
}))

function record(layers: readonly number[]) {
  const recorder = createRunRecorder({
    id: 'r', name: 'r #1', promptUri: null, createdAt: '', model: { path: '/m', architecture: 'qwen3', layers: 2, dModel: 4, precision: 'exact', provider: 'cpu' }, sae: { path: '/s', dSae: 8, k: 2 },
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, generate: 2, edits: [parseEditLine('L1/7 = 0 @ 2').edit!], layers, saeLayers: [0, 1], parentRunId: null, loadMs: 0,
  }, prepareTokenIds([0, 1], tokenizer), tokenizer)
  recorder.add(reports.map((report) => ({ ...report, residualNorm: Object.fromEntries(layers.map((layer) => [layer, report.residualNorm[layer]!])), features: Object.fromEntries(layers.map((layer) => [layer, report.features[layer]!])) })))
  recorder.end({ kind: 'done', reason: 'length' }, null)
  return recorder.detail()
}

const layerReport = (layer: number): LayerReport => ({ layer, features: reports.map(({ features }) => features[layer]!), residualNorm: reports.map(({ residualNorm }) => residualNorm[layer]!) })

it('with its features, its outliers, its scale, and both sides of an edit', () => {
  expect(withLayer(record([0]), layerReport(1))).toEqual(record([0, 1]))
  expect(record([0]).tokens.map(({ outlier }) => outlier)).toEqual([true, false, false, false])
  expect(record([0, 1]).tokens.map(({ outlier }) => outlier)).toEqual([true, false, false, true])
})

it('whichever comes first', () => {
  expect(withLayer(withLayer(record([]), layerReport(1)), layerReport(0))).toEqual(record([0, 1]))
})

it('and reading it again changes nothing', () => {
  expect(withLayer(record([0, 1]), layerReport(1))).toEqual(record([0, 1]))
})
