// What the model expected at each position: from the head's results at hand, or by running the head over residuals that are kept.
import { CancelledError } from '../protocol/errors'
import type { HeadRequest, HeadResult } from './decoder'
import { runHead, type ForwardModel } from './forward'
import type { Prediction } from './sequence/positionRecord'
import { departingResidual } from './residualEdits'
import type { Sequence } from './sequence/sequence'

/** What may follow on a position: the likeliest tokens with their log-probabilities, the entropy, and all logits (vocab) where they were wanted. */
export type Next = Pick<HeadResult, 'tokens' | 'logprobs' | 'logits'> & { readonly entropy: number }

/** Of one of the head's rows. */
export function nextAt({ tokens, logprobs, logits, entropies }: HeadResult, row: number): Next {
  const rows = entropies.length
  const of = <Values extends Int32Array | Float32Array>(values: Values): Values => (rows === 1 ? values : (values.slice((row * values.length) / rows, ((row + 1) * values.length) / rows) as Values))
  return { tokens: of(tokens), logprobs: of(logprobs), logits: logits && of(logits), entropy: entropies[row]! }
}

/** What follows on `position`, which must be computed. */
export async function predictAfter(model: ForwardModel, sequence: Sequence, position: number, wanted: Pick<HeadRequest, 'candidates' | 'wantsLogits'>): Promise<Next> {
  const x = await departingResidual(model.saes, sequence, model.decoder.config.layers - 1, position, position + 1)
  return nextAt(await runHead(model.decoder, x, { ...wanted, rows: [0], targets: null }, position, sequence.state), 0)
}

/** The prediction of the token that was taken. Without logits it must be among the likeliest. */
export function predictionOf({ tokens, logprobs, logits, entropy }: Next, token: number): Prediction {
  const candidates = candidatesOf(tokens, logprobs)
  const place = tokens.indexOf(token)
  if (place >= 0) return { logprob: logprobs[place]!, entropy, rank: place + 1, candidates }
  // log Σ exp(logit) is what any logit is above its log-probability.
  return { logprob: logits![token]! - (logits![tokens[0]!]! - logprobs[0]!), entropy, rank: rankOf(logits!, token), candidates }
}

/** 1 for the largest logit, of equal ones the lower id. */
function rankOf(logits: Float32Array, token: number): number {
  const own = logits[token]!
  let rank = 1
  for (let id = 0; id < logits.length; id++) if (logits[id]! > own || (logits[id] === own && id < token)) rank++
  return rank
}

/** Positions that are predicted at a time; each takes as many numbers as the vocabulary has. */
const CHUNK = 32

/**
 * Predicts the tokens at positions first … end − 1 that have no prediction with so many candidates, position 0 aside; calls back for each stretch
 * that it predicted. Throws CancelledError between stretches.
 */
export async function predictMissing(
  model: ForwardModel, sequence: Sequence, first: number, end: number, candidates: number, onPredicted: (first: number, end: number) => void, signal: AbortSignal,
): Promise<void> {
  const { records } = sequence
  const isMissing = (position: number): boolean => (records[position]!.prediction?.candidates.length ?? -1) < candidates
  let position = Math.max(1, first)
  while (position < end) {
    if (!isMissing(position)) {
      position++
      continue
    }
    if (signal.aborted) throw new CancelledError()
    const start = position
    while (position < end && position - start < CHUNK && isMissing(position)) position++
    const x = await departingResidual(model.saes, sequence, model.decoder.config.layers - 1, start - 1, position - 1)
    const targets = records.slice(start, position).map(({ token }) => token)
    const head = await runHead(model.decoder, x, { rows: [...targets.keys()], candidates, targets, wantsLogits: false }, start - 1, sequence.state)
    targets.forEach((_, row) => {
      const [from, to] = [row * candidates, (row + 1) * candidates]
      records[start + row]!.prediction = { logprob: head.targetLogprobs![row]!, entropy: head.entropies[row]!, rank: head.targetRanks![row]!, candidates: candidatesOf(head.tokens.subarray(from, to), head.logprobs.subarray(from, to)) }
    })
    onPredicted(start, position)
  }
}

/** Tokens with their log-probabilities, one by one. */
export function candidatesOf(tokens: Int32Array, logprobs: Float32Array): Prediction['candidates'] {
  return Array.from(tokens, (id, i) => ({ id, logprob: logprobs[i]! }))
}
