// A model of hashes for tests of the debugger: tokens and edits in, features and logits out, the same whatever was computed before.
import { planEdits } from '../../../../server/engine/editPlan'
import { sampleToken } from '../../../../server/engine/sampler'
import type { Candidate, Distribution, TokenPrediction } from '../../../../server/engine/engine'
import { NonFiniteError } from '../../../../server/protocol/errors'
import type { Edit, EditOperation, FeatureActivation, Sampling } from '../../../../server/protocol/values'
import { FAKE_STOP_ID, FAKE_VOCABULARY } from './fakeTokenizer'

export const FAKE_LAYERS = 3
export const FAKE_FEATURES = 16
/** Most features that are active on a token. */
export const FAKE_K = 5

/** An edit of this value or more makes a residual that is no number. */
const TOO_STRONG = 1e30

/** One position, computed. Residuals are 32-bit numbers. */
export interface FakePosition {
  /** By layer, before and after its edits. */
  readonly arriving: readonly number[]
  readonly leaving: readonly number[]
  readonly fired: readonly number[]
}

/** Every position of the tokens. Throws InputError for edits that the model cannot have, NonFiniteError for those that are too strong. */
export function runFakeModel(ids: readonly number[], promptLength: number, edits: readonly Edit[]): FakePosition[] {
  const feed = startFakeModel(promptLength, edits)
  return ids.map(feed)
}

/** Feeds one token after the other. */
export function startFakeModel(promptLength: number, edits: readonly Edit[]): (id: number) => FakePosition {
  const layers = Array.from({ length: FAKE_LAYERS }, (_, layer) => layer)
  const plan = planEdits(edits, { layers: FAKE_LAYERS, saeLayers: layers, dSae: FAKE_FEATURES }, promptLength)
  /** By layer: what attention sees of the positions before. */
  const context = layers.map((layer) => hash(7, layer))
  let position = -1
  return (id) => {
    position++
    const arriving: number[] = []
    const leaving: number[] = []
    const fired: number[] = []
    let x = hash(id, position)
    for (const layer of layers) {
      const seen = context[layer]!
      context[layer] = hash(seen, x)
      x = hash(seen, x)
      arriving.push(x)
      for (const { index, feature, operation } of plan.at(layer, position)) {
        const before = activationOf(arriving[layer]!, feature)
        const after = applied(operation, before)
        if (!(Math.abs(after) < TOO_STRONG)) throw new NonFiniteError(`model computes values that are not numbers at token ${position}, in layer ${layer} or before`, 'take back an edit that is too strong', position, layer)
        if (after === before) continue
        fired.push(index)
        // Edits of one layer add up, in whatever order.
        x = (x + hash(hash(feature, Math.round(before * 1000)), Math.round(after * 1000))) >>> 0
      }
      leaving.push(x)
    }
    return { arriving, leaving, fired: fired.sort((a, b) => a - b) }
  }
}

/** Strongest first. */
export function fakeFeatures(residual: number, top = FAKE_K): FeatureActivation[] {
  return active(residual).slice(0, top)
}

/** The whole distribution behind a position. */
export function fakeLogits(residual: number): Float32Array {
  return Float32Array.from({ length: FAKE_VOCABULARY }, (_, id) => (hash(residual, id + 1) % 6000) / 1000 - (id === FAKE_STOP_ID ? 1.5 : 0))
}

/** What the real sampler chooses to stand at `position`. */
export function fakeChoice(residual: number, sampling: Sampling, position: number): number {
  return sampleToken(fakeLogits(residual), sampling, position)
}

export function fakeDistribution(residual: number, candidates: number): Distribution {
  const all = ranked(residual)
  return { candidates: all.slice(0, candidates), entropy: entropyOf(all) }
}

export function fakePrediction(residualBefore: number, id: number, alternatives: number): TokenPrediction {
  const all = ranked(residualBefore)
  const place = all.findIndex((candidate) => candidate.id === id)
  return { logprob: all[place]!.logprob, rank: place + 1, entropy: entropyOf(all), alternatives: all.slice(0, alternatives) }
}

function entropyOf(all: readonly Candidate[]): number {
  return -all.reduce((sum, { logprob }) => sum + Math.exp(logprob) * logprob, 0)
}

function ranked(residual: number): Candidate[] {
  const logits = fakeLogits(residual)
  const sum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0))
  return Array.from(logits, (logit, id) => ({ id, logprob: logit - sum })).sort((a, b) => b.logprob - a.logprob || a.id - b.id)
}

function active(residual: number): FeatureActivation[] {
  return Array.from({ length: FAKE_FEATURES }, (_, feature) => ({ feature, activation: strength(residual, feature) }))
    .filter(({ activation }) => activation > 0)
    .sort((a, b) => b.activation - a.activation || a.feature - b.feature)
    .slice(0, FAKE_K)
}

function activationOf(residual: number, feature: number): number {
  return active(residual).find((found) => found.feature === feature)?.activation ?? 0
}

/** 0 three times out of four. */
function strength(residual: number, feature: number): number {
  const value = hash(residual, 1000 + feature)
  return value % 4 === 0 ? 0.5 + (value % 1250) / 100 : 0
}

function applied({ kind, value }: EditOperation, activation: number): number {
  return kind === 'set' ? value : kind === 'add' ? activation + value : activation * value
}

/** Two numbers to one of 32 bits, by the finaliser of MurmurHash3. */
function hash(a: number, b: number): number {
  let h = (Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) + b) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
