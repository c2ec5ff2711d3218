// The activation silu(x) = x · sigmoid(x).
import type { GraphWriter } from './onnxWriter'

/** Of any shape. */
export function silu(graph: GraphWriter, x: string): string {
  return graph.node('Mul', [x, graph.node('Sigmoid', [x])])
}
