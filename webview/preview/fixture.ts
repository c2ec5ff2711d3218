// Made-up runs that look like real ones: an English question whose answer drifts into Chinese, and the same with a feature suppressed.
import type { FeatureHeat, PinsAndEdits, RunDetail, RunFault, RunToken, TokenFeatures } from '../../server/protocol/requests'
import type { ScopeView } from '../../server/protocol/scopePanel'
import type { FeatureActivation, FeatureDescription, FeatureId, FeatureLists } from '../../server/protocol/values'

/** The situations that can be looked at. */
export type FixtureCase = 'run' | 'partly' | 'reading' | 'rerun' | 'branch' | 'weak' | 'never' | 'failed' | 'empty' | 'loading' | 'growing' | 'long'

const PROMPT = ['<|im_start|>', 'user', '\n', 'Why', ' is', ' the', ' sky', ' blue', '?', ' Answer', ' in', ' two', ' sentences', ',', ' please', '.', '<|im_end|>', '\n', '<|im_start|>', 'assistant', '\n']
const PLAIN = ['The', ' sky', ' looks', ' blue', ' because', ' air', ' scatters', ' short', ' wavelengths', ' of', ' light', ' more', ' than', ' long', ' ones', '.', ' In', ' other', ' words', ',', ' 天', '空', '是', '蓝', '色', '的', '，', '因为', '大', '气', '把', '蓝', '光', '散', '射', '得', '最', '多', '。', '⟨e5⟩', '⟨a4⟩', '天', '空', '是', '蓝', '色', '的', '。', '<|im_end|>']
const EDITED = ['The', ' sky', ' looks', ' blue', ' because', ' air', ' scatters', ' short', ' wavelengths', ' of', ' light', ' more', ' than', ' long', ' ones', '.', ' In', ' other', ' words', ',', ' blue', ' light', ' reaches', ' us', ' from', ' every', ' direction', ',', ' and', ' red', ' light', ' mostly', ' goes', ' straight', ' on', '.', '\n\n', 'At', ' dusk', ' the', ' path', ' is', ' longer', ',', ' and', ' red', ' is', ' what', ' is', ' left', '.', '<|im_end|>']

const DRIFT: RunFault = { kind: 'languageSwitch', message: 'completion switches from Latin to Han script at token 41', tokens: [41, 42, 43] }
const LAYERS = [0, 1, 2, 3, 4, 5]
const D_SAE = 2048
const CHINESE: FeatureId = { layer: 3, feature: 1021 }
const LABELS: Readonly<Record<string, string>> = { 'L3/1021': 'Chinese 81 %, classical Chinese 12 % · 的, 是, 空', 'L3/77': 'sentence ends', 'L4/1530': 'explanations, “because”', 'L2/412': 'colours', 'L5/88': 'weather and sky', 'L1/9': 'after a comma', 'L0/3': 'chat markers' }

/** A run and the features that a host would answer from. */
export interface FixtureRun extends RunDetail {
  readonly features: FeatureLists
  readonly featuresAfterEdit: FeatureLists
}

/** A run: without edits, with the Chinese feature suppressed, or with edits that change little. */
export function fixtureRun(kind: 'plain' | 'edited' | 'same' | 'never' | 'long'): FixtureRun {
  const completion = kind === 'edited' ? EDITED : kind === 'long' ? Array.from({ length: 3900 }, (_unused, i) => PLAIN[i % 48]!) : PLAIN
  const texts = [...PROMPT, ...completion]
  const random = seeded(kind === 'edited' ? 7 : 3)
  let at = 0
  const tokens: RunToken[] = texts.map((display, index) => {
    const generated = index >= PROMPT.length
    const probability = 0.15 + 0.85 * random() ** 0.4 * (index === PROMPT.length + 20 ? 0.3 : 1)
    const logprob = index === 0 ? null : Math.log(random() < 0.08 ? 0.06 : probability)
    const range = { start: at, end: (at += display.length) }
    return {
      index, id: hash(display), text: display, display, range, promptRange: generated ? null : range, generated, logprob, outlier: index === 0,
      alternatives: index === 0 ? [] : alternatives(display, logprob!, random),
    }
  })
  const features = tableOf(tokens, seeded(11))
  const edited = kind === 'edited' || kind === 'same'
  const fired = tokens.filter(({ index }) => (features[3]![index] ?? []).some(({ feature }) => feature === CHINESE.feature)).map(({ index }) => index)
  return {
    id: `run-${kind}`, name: kind === 'plain' ? 'sky.prompt #1' : 'sky.prompt #2', promptUri: 'file:///demo/sky.prompt', createdAt: '2026-11-20T12:00:00Z',
    status: { kind: 'done', reason: 'stop' },
    model: { path: 'demo/model', architecture: 'qwen3', layers: 6, dModel: 256, precision: 'exact', provider: 'cpu' },
    sae: { path: 'demo/sae', dSae: D_SAE, k: 16 }, sampling: { temperature: 0, topP: 1, topK: 0, seed: 0 }, generate: 64,
    edits: edited ? [{ edit: 'L3/1021 = 0', firedAt: fired }] : kind === 'never' ? [{ edit: 'L3/1999 = 0', firedAt: [] }] : [],
    promptTokens: PROMPT.length, generatedTokens: completion.length, preview: 'The sky looks blue', parent: kind === 'plain' || kind === 'long' ? null : { runId: 'run-plain', firstRecomputed: 41 },
    timing: { loadMs: 310, prefillMs: 42, decodeMsPerToken: 6.4 },
    text: texts.join(''), generatedStart: PROMPT.join('').length, tokens, layers: LAYERS, saeLayers: LAYERS, layerScales: scalesOf(features), features,
    featuresAfterEdit: edited ? { 3: features[3]!.map((list) => list.filter(({ feature }) => feature !== CHINESE.feature)) } : {},
  }
}

/** What a host would show in each case. */
export function fixtureView(kind: FixtureCase): ScopeView {
  const pins: readonly FeatureId[] = [CHINESE, { layer: 5, feature: 88 }]
  const suppressing: PinsAndEdits = { pins, edits: [{ id: 'e1', line: 'L3/1021 = 0', feature: CHINESE, enabled: true }], undo: 'suppress L3/1021' }
  const shown = (run: RunDetail, original: RunDetail | null, pinsAndEdits: PinsAndEdits): ScopeView => ({ reading: null, run, original, ancestors: original ? [original] : [], faults: run.id === 'run-edited' || run.status.kind === 'failed' ? [] : [DRIFT], selectedToken: PROMPT.length + 20, chosenFeature: CHINESE, pinsAndEdits })
  const plain = fixtureRun('plain')
  switch (kind) {
    case 'run':
      return { ...shown(plain, null, { pins: [], edits: [], undo: null }) }
    case 'partly':
    case 'reading': {
      const reading = kind === 'reading' ? { runId: plain.id, layers: [4, 5], done: 2, total: 4, fraction: 0.3 } : null
      return { ...shown({ ...plain, layers: [1, 3] }, null, { ...suppressing, edits: [] }), reading }
    }
    case 'weak':
      return shown(fixtureRun('same'), plain, suppressing)
    case 'never':
      return shown(fixtureRun('never'), plain, { pins, edits: [{ id: 'e1', line: 'L3/1999 = 0', feature: { layer: 3, feature: 1999 }, enabled: true }, { id: 'e2', line: 'L5/88 += 6.2 @ generated', feature: { layer: 5, feature: 88 }, enabled: true }, { id: 'e3', line: 'L0/3 *= 0.5', feature: { layer: 0, feature: 3 }, enabled: false }], undo: 'disable L0/3 *= 0.5' })
    case 'failed':
      return shown({ ...plain, tokens: plain.tokens.slice(0, 30), generatedTokens: 9, status: { kind: 'failed', message: 'prompt has 5000 tokens, more than the context of 4096', remedy: 'shorten the prompt or choose a model with a longer context' } }, null, suppressing)
    case 'long':
      return shown(fixtureRun('long'), null, suppressing)
    case 'empty':
    case 'loading':
      return { reading: null, run: null, original: null, ancestors: [], faults: [], selectedToken: null, chosenFeature: null, pinsAndEdits: { pins: [], edits: [], undo: null } }
    case 'branch': {
      const weaker = { ...fixtureRun('same'), name: 'sky.prompt #6' }
      return { ...shown({ ...fixtureRun('edited'), name: 'sky.prompt #7' }, weaker, suppressing), ancestors: [weaker, plain] }
    }
    case 'rerun':
    case 'growing':
      return shown(fixtureRun('edited'), plain, suppressing)
  }
}

/** The host's list in short, of the layers that the run has read: labelled features first as suspects, the others by activation. */
export function listFixture(run: RunDetail, token: number): TokenFeatures {
  const { features, featuresAfterEdit } = fixtureRun(kindOf(run))
  const layers = run.layers.map((layer) => ({ layer, features: features[layer]?.[token] ?? [], after: featuresAfterEdit[layer]?.[token] ?? null }))
  const all = layers.flatMap(({ layer, features: fired }) => fired.map(({ feature, activation }) => ({ feature: { layer, feature }, bar: Math.min(1, activation / 16), isSuspect: `L${layer}/${feature}` in LABELS })))
  return { layers, measure: 'strength', features: all.sort((a, b) => Number(b.isSuspect) - Number(a.isSuspect) || b.bar - a.bar).slice(0, 8) }
}

/** One feature over all tokens of a run. */
export function heatFixture(run: RunDetail, feature: FeatureId): FeatureHeat {
  const { features, featuresAfterEdit } = fixtureRun(kindOf(run))
  const over = (table: FeatureLists): number[] => run.tokens.map((_token, i) => table[feature.layer]?.[i]?.find((each) => each.feature === feature.feature)?.activation ?? 0)
  const activations = over(features)
  return { runId: run.id, feature, activations, after: featuresAfterEdit[feature.layer] ? over(featuresAfterEdit) : null, max: Math.max(...activations) }
}

function kindOf({ id }: RunDetail): Parameters<typeof fixtureRun>[0] {
  return id.replace('run-', '') as Parameters<typeof fixtureRun>[0]
}

function scalesOf(features: FeatureLists): RunDetail['layerScales'] {
  return Object.fromEntries(LAYERS.map((layer) => [layer, Math.max(...features[layer]!.slice(1).map((list) => list[0]?.activation ?? 0))]))
}

/** A label for the few features that have one, words for the others. */
export function describeFixture(feature: FeatureId): FeatureDescription {
  const label = LABELS[`L${feature.layer}/${feature.feature}`] ?? null
  const random = seeded(feature.layer * 7919 + feature.feature)
  const words = [' light', ' the', '色', ' because', ',', ' sky', '天', ' of', '.', ' red']
  return { feature, label, tokens: Array.from({ length: 6 }, () => words[Math.floor(random() * words.length)]!), density: random() ** 3, typicalActivation: 2 + 6 * random(), maxActivation: 14 + 10 * random() }
}

function tableOf(tokens: readonly RunToken[], random: () => number): FeatureLists {
  return Object.fromEntries(LAYERS.map((layer) => [layer, tokens.map((token) => featuresOn(token, layer, random))]))
}

function featuresOn(token: RunToken, layer: number, random: () => number): FeatureActivation[] {
  const size = (layer + 1.5) * (token.outlier ? 8 : 1)
  const list = new Map<number, number>()
  for (let i = 0; i < 14; i++) list.set((hash(token.display) * (i + 3) + layer * 131) % D_SAE, size * 2.2 * random() ** 2 + 0.05)
  if (layer === 3 && /[一-鿿。，]|⟨/.test(token.display)) list.set(1021, size * (1 + 0.9 * random()))
  if (layer === 3 && token.display === ',') list.set(1021, size * 0.5)
  if (layer === 3 && token.display === '.') list.set(77, size * 1.6)
  if (layer === 4 && token.display.includes('because')) list.set(1530, size * 2)
  if (layer === 2 && /blue|red|蓝|色/.test(token.display)) list.set(412, size * 1.8)
  if (layer === 5 && /sky|天|空|air/.test(token.display)) list.set(88, size * 2.1)
  if (layer === 0 && token.display.startsWith('<|')) list.set(3, size * 2)
  return [...list].map(([feature, activation]) => ({ feature, activation })).sort((a, b) => b.activation - a.activation)
}

function alternatives(display: string, logprob: number, random: () => number): RunToken['alternatives'] {
  const others = [' 天', ' it', ' the', ' a', ',', ' light', '.', ' and'].filter((text) => text !== display)
  let left = 1 - Math.exp(logprob)
  const rest = others.slice(0, 7).map((text) => {
    const share = left * (0.3 + 0.4 * random())
    left -= share
    return { id: hash(text), text, logprob: Math.log(Math.max(1e-5, share)) }
  })
  return [{ id: hash(display), text: display, logprob }, ...rest].sort((a, b) => b.logprob - a.logprob)
}

function hash(text: string): number {
  let value = 17
  for (const character of text) value = (value * 31 + character.codePointAt(0)!) % 7919
  return value
}

function seeded(seed: number): () => number {
  let state = seed * 2654435761 + 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
