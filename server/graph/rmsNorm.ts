// Root mean square normalisation, y = w · x / √(mean(x²) + ε), over the last dimension.
import type { GraphWriter } from './onnxWriter'

/** Adds the normalisation of `x` (…, size) by `weight` (size). */
export function rmsNorm(graph: GraphWriter, x: string, weight: string, epsilon: number): string {
  return graph.node('SimplifiedLayerNormalization', [x, weight], { axis: -1, epsilon: { float: epsilon } })
}
