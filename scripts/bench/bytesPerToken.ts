// How many bytes a decoding step must read: every weight once at its precision, and the keys and values of what came before.
import { QUANTISATIONS } from '../../server/formats/quantise'
import type { Precision } from '../../server/protocol/values'
import type { ModelShape } from './modelShape'

/** A rounded block carries its scale in float32. */
function bytesPerWeight(precision: Precision): number {
  if (precision === 'exact') return 4
  const { bits, block } = QUANTISATIONS[precision]
  return bits / 8 + 4 / block
}

/** Keys and values are float32. With tied embeddings the one matrix is read whole as the head; the row that is looked up is nothing beside it. */
export function bytesPerToken({ layers, kvHeads, headDim }: ModelShape, precision: Precision, parameters: number, context: number): number {
  return parameters * bytesPerWeight(precision) + 4 * 2 * layers * kvHeads * headDim * context
}
