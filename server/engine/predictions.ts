// What the model expected at each position: from logits at hand, or by the head's product over residuals that are kept.
import { CancelledError } from '../protocol/errors'
import { departingResidual, headLogits, type ForwardModel } from './forward'
import { likeliest, logSumExp } from './logits'
import type { Prediction } from './positionRecord'
import type { Sequence } from './sequence'

/** Of `token`, given the logits (vocab) at the position before. */
export function predict(logits: Float32Array, token: number, candidates: number): Prediction {
  const normaliser = logSumExp(logits)
  return { logprob: logits[token]! - normaliser, candidates: likeliest(logits, candidates, normaliser) }
}

/** Logits (vocab) that follow on `position`, which must be computed. */
export async function logitsAfter(model: ForwardModel, sequence: Sequence, position: number): Promise<Float32Array> {
  const x = await departingResidual(model, sequence, model.decoder.config.layers - 1, position, position + 1)
  return headLogits(model.decoder, x, [0], position, sequence.state)
}

/** Positions whose logits are computed at a time; each takes as many numbers as the vocabulary has. */
const CHUNK = 32

/** Predicts the tokens at positions first … end − 1 that have no prediction with so many candidates, position 0 aside; calls back for each stretch that it predicted. */
export async function predictMissing(
  model: ForwardModel, sequence: Sequence, first: number, end: number, candidates: number, onPredicted: (first: number, end: number) => void, signal: AbortSignal,
): Promise<void> {
  const { records } = sequence
  const { layers, vocabSize } = model.decoder.config
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
    const x = await departingResidual(model, sequence, layers - 1, start - 1, position - 1)
    const logits = await headLogits(model.decoder, x, Array.from({ length: position - start }, (_, row) => row), start - 1, sequence.state)
    for (let row = 0; row < position - start; row++) {
      const record = records[start + row]!
      record.prediction = predict(logits.subarray(row * vocabSize, (row + 1) * vocabSize), record.token, candidates)
    }
    onPredicted(start, position)
  }
}
