// Root mean square normalisation, y = w · x / √(mean(x²) + ε), over the last dimension.
import { MICROSOFT, type GraphWriter } from './onnxWriter'

/** Adds the normalisation of `x` (…, size) by `weight` (size). */
export function rmsNorm(graph: GraphWriter, x: string, weight: string, epsilon: number): string {
  return graph.node('SimplifiedLayerNormalization', [x, weight], { axis: -1, epsilon: { float: epsilon } })
}

/** x + y, and its normalisation, in one node. Both are (T, size). */
export function addAndNorm(graph: GraphWriter, x: string, y: string, weight: string, epsilon: number): { readonly sum: string; readonly normalised: string } {
  const [sum, normalised] = [graph.freshName('sum'), graph.freshName('normalised')]
  graph.node('SkipSimplifiedLayerNormalization', [x, y, weight], { epsilon: { float: epsilon } }, { domain: MICROSOFT, outputs: [normalised, '', '', sum] })
  return { sum, normalised }
}
