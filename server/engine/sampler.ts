// Chooses the next token. The random number depends only on seed and position, so a resumed or repeated run draws the same ones.
import type { Sampling } from '../protocol/values'
import { largest } from './largest'

/**
 * The id of the token to stand at `position`, drawn after temperature, then top-k, then top-p, as transformers orders them.
 * Temperature 0 takes the largest logit, of equal ones the lowest id.
 */
export function sampleToken(logits: Float32Array, sampling: Sampling, position: number): number {
  if (sampling.temperature === 0) return largest(logits, 1)[0]!
  const candidates = weigh(logits, sampling)
  const { ids, weights } = sampling.topP < 1 ? nucleus(candidates, sampling.topP) : candidates
  let rest = uniform(sampling.seed, position) * sumOf(weights)
  let drawn = ids[0]!
  for (let i = 0; i < ids.length; i++) {
    if (weights[i] === 0) continue
    drawn = ids[i]!
    rest -= weights[i]!
    if (rest < 0) break
  }
  return drawn
}

/** Two samplings with the same key choose the same token from the same logits at the same position. */
export function samplingKey(sampling: Sampling): string {
  return sampling.temperature === 0 ? 'greedy' : [sampling.temperature, sampling.topP, sampling.topK, sampling.seed].join(' ')
}

/** A number in [0, 1) for each seed and position: two rounds of the 32-bit finaliser of MurmurHash3 per half. */
export function uniform(seed: number, position: number): number {
  const low = mix(mix((seed ^ 0x9e3779b9) >>> 0) ^ position)
  const high = mix(mix(Math.floor(seed / 0x100000000) ^ 0x85ebca6b) ^ low)
  return (high * 0x200000 + (low >>> 11)) / 0x20000000000000
}

function mix(value: number): number {
  let h = value >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Tokens that may be drawn, in ascending order of id: the outcome then does not depend on how near ties are ranked. */
interface Candidates {
  readonly ids: Int32Array
  /** exp((logit − max) / temperature), not normalised. */
  readonly weights: Float64Array
}

function weigh(logits: Float32Array, { temperature, topK }: Sampling): Candidates {
  const ids = topK > 0 && topK < logits.length ? Int32Array.from(largest(logits, topK)).sort() : everyId(logits.length)
  const max = logits[largest(logits, 1)[0]!]!
  const weights = new Float64Array(ids.length)
  for (let i = 0; i < ids.length; i++) weights[i] = Math.exp((logits[ids[i]!]! - max) / temperature)
  return { ids, weights }
}

function everyId(count: number): Int32Array {
  const ids = new Int32Array(count)
  for (let id = 0; id < count; id++) ids[id] = id
  return ids
}

/** The smallest set of the likeliest tokens whose share reaches top-p; the one that crosses the line belongs to it. */
function nucleus({ ids, weights }: Candidates, topP: number): Candidates {
  const total = sumOf(weights)
  // All tokens below this weight together have less than 1 − top-p: they need not be ranked.
  const negligible = ((1 - topP) * total) / ids.length
  const ranked: number[] = []
  for (let i = 0; i < ids.length; i++) if (weights[i]! >= negligible) ranked.push(i)
  ranked.sort((a, b) => weights[b]! - weights[a]! || a - b)
  let sum = 0
  let count = 0
  while (count < ranked.length && sum < topP * total) sum += weights[ranked[count++]!]!
  const kept = ranked.slice(0, Math.max(1, count)).sort((a, b) => a - b)
  return { ids: Int32Array.from(kept, (i) => ids[i]!), weights: Float64Array.from(kept, (i) => weights[i]!) }
}

function sumOf(weights: Float64Array): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += weights[i]!
  return sum
}
