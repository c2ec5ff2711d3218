// The gated feed-forward block, (silu(x W_gateᵀ) · x W_upᵀ) W_downᵀ.
import type { GraphWriter } from './onnxWriter'
import type { Linear } from './linear'

export interface MlpWeights {
  readonly gate: Linear
  readonly up: Linear
  readonly down: Linear
}

/** x (T, d_model) → (T, d_model). */
export function mlp(graph: GraphWriter, x: string, weights: MlpWeights): string {
  const gate = weights.gate(graph, x)
  const silu = graph.node('Mul', [gate, graph.node('Sigmoid', [gate])])
  return weights.down(graph, graph.node('Mul', [silu, weights.up(graph, x)]))
}
