// A linear layer with a bias, y = x Wᵀ + b, on top of any precision of the matrix.
import type { PrepareLinear } from './linear'
import { float32Weight } from './weights'

/** Prepares layers whose bias lies beside their weight: `….q_proj.weight` and `….q_proj.bias`. */
export function biasedLinear(linear: PrepareLinear): PrepareLinear {
  return (main, weights, name) => {
    const apply = linear(main, weights, name)
    const bias = float32Weight(main, weights, name.replace(/weight$/, 'bias'))
    return (graph, x) => graph.node('Add', [apply(graph, x), bias])
  }
}
