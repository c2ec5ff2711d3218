// Runs for tests, made from words: each word is a token, equal words have equal ids.
import { packTable } from '../../../server/protocol/featureColumns'
import type { RunToken } from '../../../server/protocol/requests'
import type { RunRecord } from '../../../server/protocol/runRecord'
import type { FeatureLists } from '../../../server/protocol/values'

const ids = new Map<string, number>()

/** A run whose tokens are the given texts. */
export function fakeRun(prompt: readonly string[], completion: readonly string[], features: FeatureLists = {}): RunRecord {
  let end = 0
  const tokens = [...prompt, ...completion].map((text, index): RunToken => {
    const start = end
    end += text.length
    if (!ids.has(text)) ids.set(text, ids.size)
    return { index, id: ids.get(text)!, text, display: text, range: { start, end }, promptRange: null, generated: index >= prompt.length, logprob: index === 0 ? null : -1, alternatives: [], outlier: index === 0 }
  })
  return {
    id: 'r1', name: 'test #1', promptUri: null, createdAt: '2026-01-01T00:00:00.000Z', status: { kind: 'done', reason: 'length' },
    model: { path: '/model', architecture: 'qwen3', layers: 2, dModel: 4, precision: 'exact', provider: 'cpu' }, sae: { path: '/sae', dSae: 8, k: 2 },
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, generate: completion.length, edits: [], promptTokens: prompt.length, generatedTokens: completion.length,
    preview: completion.join(''), parent: null, timing: { loadMs: 0, prefillMs: 0, decodeMsPerToken: 0 },
    text: [...prompt, ...completion].join(''), generatedStart: prompt.join('').length, tokens, layers: Object.keys(features).map(Number), saeLayers: Object.keys(features).map(Number), layerScales: {}, features: packTable(features), featuresAfterEdit: {},
  }
}

/** Words as tokens, each after the first with its leading blank. */
export function words(text: string): string[] {
  return text.split(/(?= )/)
}
