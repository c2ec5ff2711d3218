// How many bytes a decoding step must read: every weight once at its precision, and the keys and values of what came before.
import type { LoadedModel } from '../../server/engine/engine'
import type { ModelShape } from './modelShape'

/** Of the rounded weights as they lie in their file, scales included; of `exact` four bytes each. */
export function weightBytes({ weightsCache, parameters }: Pick<LoadedModel, 'weightsCache' | 'parameters'>): number {
  return weightsCache?.bytes ?? 4 * parameters
}

/** Keys and values are float32. With tied embeddings the one matrix is read whole as the head; the row that is looked up is nothing beside it. */
export function bytesPerToken({ layers, kvHeads, headDim }: ModelShape, weights: number, context: number): number {
  return weights + 4 * 2 * layers * kvHeads * headDim * context
}
