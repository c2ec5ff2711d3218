// What the model expected at each position: from the head's results at hand, or by running the head over residuals that are kept.
import { CancelledError } from '../protocol/errors'
import type { HeadRequest, HeadResult } from './decoder'
import { runHead, type ForwardModel } from './forward'
import type { Prediction } from './sequence/positionRecord'
import { departingResidual } from './residualEdits'
import type { Sequence } from './sequence/sequence'

/** What may follow on a position: the likeliest tokens with their log-probabilities, and all logits (vocab) where they were wanted. */
export type Next = Pick<HeadResult, 'tokens' | 'logprobs' | 'logits'>

/** Of the last of the head's rows. */
export function lastRow({ tokens, logprobs, logits }: HeadResult, rows: number): Next {
  const last = <Values extends Int32Array | Float32Array>(values: Values): Values => (rows === 1 ? values : (values.slice(values.length - values.length / rows) as Values))
  return { tokens: last(tokens), logprobs: last(logprobs), logits: logits && last(logits) }
}

/** What follows on `position`, which must be computed. */
export async function predictAfter(model: ForwardModel, sequence: Sequence, position: number, wanted: Pick<HeadRequest, 'candidates' | 'wantsLogits'>): Promise<Next> {
  const x = await departingResidual(model.saes, sequence, model.decoder.config.layers - 1, position, position + 1)
  return lastRow(await runHead(model.decoder, x, { ...wanted, rows: [0], targets: null }, position, sequence.state), 1)
}

/** The prediction of the token that was taken. Without logits it must be among the likeliest. */
export function predictionOf({ tokens, logprobs, logits }: Next, token: number): Prediction {
  const place = tokens.indexOf(token)
  // log Σ exp(logit) is what any logit is above its log-probability.
  const logprob = place >= 0 ? logprobs[place]! : logits![token]! - (logits![tokens[0]!]! - logprobs[0]!)
  return { logprob, entropy: 0, rank: place + 1, candidates: candidatesOf(tokens, logprobs) }
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
      records[start + row]!.prediction = { logprob: head.targetLogprobs![row]!, entropy: 0, rank: 1, candidates: candidatesOf(head.tokens.subarray(from, to), head.logprobs.subarray(from, to)) }
    })
    onPredicted(start, position)
  }
}

function candidatesOf(tokens: Int32Array, logprobs: Float32Array): Prediction['candidates'] {
  return Array.from(tokens, (id, i) => ({ id, logprob: logprobs[i]! }))
}
