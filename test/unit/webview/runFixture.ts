// Small runs for the panel's tests: tokens by their texts, features by hand.
import type { EditEntry, LayerFeatures, PinsAndEdits, RunDetail, RunToken } from '../../../server/protocol/requests'
import type { ScopeView } from '../../../server/protocol/scopePanel'
import type { FeatureLists } from '../../../server/protocol/values'

/** A token whose id is the code of its first character, so that equal texts have equal ids. */
export function token(index: number, text: string, generated: boolean, more: Partial<RunToken> = {}): RunToken {
  return { index, id: text.codePointAt(0) ?? 0, text, display: text, range: { start: index, end: index + 1 }, promptRange: null, generated, logprob: index === 0 ? null : -0.5, alternatives: [], outlier: index === 0, ...more }
}

/** A finished run of one-character tokens. */
export function run(prompt: string, completion: string, more: Partial<RunDetail> = {}): RunDetail {
  const tokens = [...[...prompt].map((text, i) => token(i, text, false)), ...[...completion].map((text, i) => token(prompt.length + i, text, true))]
  return {
    id: 'run-1', name: 'test.prompt #1', promptUri: 'file:///test.prompt', createdAt: '2026-01-01T00:00:00Z', status: { kind: 'done', reason: 'length' },
    model: { path: 'model', architecture: 'qwen3', layers: 2, dModel: 8, precision: 'exact', provider: 'cpu' }, sae: { path: 'sae', dSae: 100, k: 4 },
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, generate: completion.length, edits: [], promptTokens: prompt.length, generatedTokens: completion.length,
    preview: completion, parent: null, timing: { loadMs: 0, prefillMs: 0, decodeMsPerToken: 0 }, text: prompt + completion, generatedStart: prompt.length,
    tokens, layers: [0, 1], saeLayers: [0, 1], layerScales: { 0: 1, 1: 1 }, ...more,
  }
}

/** A feature table from `{ layer: [{ feature: activation }, …] }`, one object per token. */
export function table(layers: Readonly<Record<number, readonly Readonly<Record<number, number>>[]>>): FeatureLists {
  return Object.fromEntries(Object.entries(layers).map(([layer, tokens]) => [
    layer, tokens.map((features) => Object.entries(features).map(([feature, activation]) => ({ feature: Number(feature), activation })).sort((a, b) => b.activation - a.activation)),
  ]))
}

/** What a host answers about a token from such tables. */
export function layersOn(token: number, features: FeatureLists, afterEdit: FeatureLists = {}): readonly LayerFeatures[] {
  return Object.entries(features).map(([layer, tokens]) => ({ layer: Number(layer), features: tokens[token] ?? [], after: afterEdit[Number(layer)]?.[token] ?? null }))
}

export const NO_EDITS: PinsAndEdits = { pins: [], edits: [], undo: null }

export function edits(...lines: readonly string[]): PinsAndEdits {
  return { ...NO_EDITS, edits: lines.map(edit) }
}

function edit(line: string, i: number): EditEntry {
  const [layer, feature] = /L(\d+)\/(\d+)/.exec(line)!.slice(1).map(Number)
  return { id: `e${i}`, line, feature: { layer: layer!, feature: feature! }, enabled: true }
}

export function view(shown: RunDetail | null, more: Partial<ScopeView> = {}): ScopeView {
  return { run: shown, original: null, ancestors: [], faults: [], selectedToken: null, chosenFeature: null, pinsAndEdits: NO_EDITS, reading: null, ...more }
}
