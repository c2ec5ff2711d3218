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
  // Drawn in ascending order of id: the outcome then does not depend on how near ties are ranked.
  const ids = mayBeDrawn(logits, weights, sampling).sort()
  let rest = uniform(sampling.seed, position) * sumOf(weights, ids)
  let drawn = 0
  for (const id of ids) {
    if (weights[id] === 0) continue
    drawn = id
    rest -= weights[id]!
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

/** exp((logit − max) / temperature), not normalised. */
function softmaxWeights(logits: Float32Array, temperature: number): Float64Array {
  let max = -Infinity
  for (const logit of logits) if (logit > max) max = logit
  return Float64Array.from(logits, (logit) => Math.exp((logit - max) / temperature))
}

function mayBeDrawn(logits: Float32Array, weights: Float64Array, { topK, topP }: Sampling): Int32Array {
  const ids = topK > 0 && topK < logits.length ? Int32Array.from(largest(logits, topK)) : Int32Array.from(logits.keys())
  return topP < 1 ? nucleus(weights, ids, topP) : ids
}

/** The smallest set of the likeliest tokens whose share reaches top-p; the one that crosses the line belongs to it. */
function nucleus(weights: Float64Array, ids: Int32Array, topP: number): Int32Array {
  const total = sumOf(weights, ids)
  // All tokens below this weight together have less than 1 − top-p: they need not be ranked.
  const negligible = ((1 - topP) * total) / ids.length
  const ranked = ids.filter((id) => weights[id]! >= negligible).sort((a, b) => weights[b]! - weights[a]! || a - b)
  let sum = 0
  let count = 0
  while (count < ranked.length && sum < topP * total) sum += weights[ranked[count++]!]!
  return ranked.slice(0, Math.max(1, count))
}

function sumOf(weights: Float64Array, ids: Int32Array): number {
  let sum = 0
  for (const id of ids) sum += weights[id]!
  return sum
}
