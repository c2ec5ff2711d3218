// The gated feed-forward block, (silu(x W_gateᵀ) · x W_upᵀ) W_downᵀ.
import type { GraphWriter } from './onnxWriter'
import type { Linear } from './linear'
import { silu } from './silu'

export interface MlpWeights {
  readonly gate: Linear
  readonly up: Linear
  readonly down: Linear
}

/** x (T, d_model) → (T, d_model). */
export function mlp(graph: GraphWriter, x: string, weights: MlpWeights): string {
  return weights.down(graph, graph.node('Mul', [silu(graph, weights.gate(graph, x)), weights.up(graph, x)]))
}
