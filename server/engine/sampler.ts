// Chooses the next token. The random number depends only on seed and position, so a resumed or repeated run draws the same ones.
import type { Sampling } from '../protocol/values'
import { largest } from './logits'

/**
 * The id of the token to stand at `position`, drawn after temperature, then top-k, then top-p, as transformers orders them.
 * Temperature 0 takes the largest logit, of equal ones the lowest id.
 */
export function sampleToken(logits: Float32Array, sampling: Sampling, position: number): number {
  if (sampling.temperature === 0) return largest(logits, 1)[0]!
  const weights = softmaxWeights(logits, sampling.temperature)
  const kept = filter(logits, weights, sampling)
  let total = 0
  for (const id of kept) total += weights[id]!
  let rest = uniform(sampling.seed, position) * total
  let last = 0
  for (const id of kept) {
    if (weights[id] === 0) continue
    last = id
    rest -= weights[id]!
    if (rest < 0) break
  }
  return last
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

/** exp((logit − max) / temperature), not normalised. */
function softmaxWeights(logits: Float32Array, temperature: number): Float64Array {
  let max = -Infinity
  for (const logit of logits) if (logit > max) max = logit
  return Float64Array.from(logits, (logit) => Math.exp((logit - max) / temperature))
}

/** Ids that may be drawn, in ascending order: the draw then does not depend on how near ties are ordered. */
function filter(logits: Float32Array, weights: Float64Array, { topK, topP }: Sampling): Iterable<number> {
  if ((topK === 0 || topK >= logits.length) && topP >= 1) return logits.keys()
  const ranked = topK > 0 ? largest(logits, Math.min(topK, logits.length)) : rank(weights)
  let total = 0
  for (const id of ranked) total += weights[id]!
  // The smallest set of the likeliest tokens whose probability reaches top-p; the one that crosses the line belongs to it.
  let sum = 0
  let count = 0
  while (count < ranked.length && sum < topP * total) sum += weights[ranked[count++]!]!
  return ranked.slice(0, Math.max(1, count)).sort((a, b) => a - b)
}

function rank(weights: Float64Array): number[] {
  return Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b)
}
