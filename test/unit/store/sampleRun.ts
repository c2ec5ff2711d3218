// A small run made up for tests: "Hello world" as prompt, then generated words, one layer of features.
import { packTable } from '../../../server/protocol/featureColumns'
import { layerScales } from '../../../server/protocol/layerScales'
import type { RunToken } from '../../../server/protocol/requests'
import type { RunRecord } from '../../../server/protocol/runRecord'
import type { FeatureLists } from '../../../server/protocol/values'

/** What a test says of a run, its features as lists. */
export type RunChange = Omit<Partial<RunRecord>, 'features' | 'featuresAfterEdit'> & { readonly features?: FeatureLists; readonly featuresAfterEdit?: FeatureLists }

/** The run, with the given members in place of its own. */
export function sampleRun({ features: lists = FEATURES, featuresAfterEdit: listsAfterEdit = {}, ...change }: RunChange = {}): RunRecord {
  const words = ['Hello', ' world', ' how', ' are']
  let at = 0
  const tokens: RunToken[] = words.map((text, index) => {
    const range = { start: at, end: (at += text.length) }
    const generated = index >= 2
    return {
      index, id: 100 + index, text, display: text, range, promptRange: generated ? null : range, generated,
      logprob: index === 0 ? null : -0.5 * index,
      alternatives: index === 0 ? [] : [{ id: 100 + index, text, logprob: -0.5 * index }, { id: 7, text: ' `|*', logprob: -3 }],
      outlier: index === 0,
    }
  })
  const features = packTable(lists)
  const featuresAfterEdit = packTable(listsAfterEdit)
  return {
    id: 'run-1', name: 'greeting.prompt #1', promptUri: 'file:///prompts/greeting.prompt', createdAt: '2026-01-01T00:00:00.000Z', status: { kind: 'done', reason: 'length' },
    model: { path: '/models/tiny', architecture: 'qwen3', layers: 2, dModel: 8, precision: 'exact', provider: 'cpu' },
    sae: { path: '/models/tiny-sae', dSae: 64, k: 4 },
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, generate: 2, edits: [], promptTokens: 2, generatedTokens: 2, preview: 'how are', parent: null,
    timing: { loadMs: 10, prefillMs: 5, decodeMsPerToken: 2 },
    text: words.join(''), generatedStart: 11, tokens, layers: [0, 1], saeLayers: [0, 1],
    features, featuresAfterEdit, layerScales: layerScales({ tokens: change.tokens ?? tokens, features, featuresAfterEdit }),
    ...change,
  }
}

const FEATURES: FeatureLists = {
  0: [[{ feature: 3, activation: 9.5 }], [{ feature: 5, activation: 2.25 }, { feature: 3, activation: 0.1 }], [], [{ feature: 5, activation: 4 }]],
  1: [[{ feature: 63, activation: 1 }], [{ feature: 8, activation: 30.125 }], [{ feature: 8, activation: 12 }], [{ feature: 8, activation: 0.5 }]],
}
