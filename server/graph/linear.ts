// A linear layer without bias, y = x Wᵀ, at each precision that exists.
import type { GraphWriter } from './onnxWriter'
import { float32Weight, type WeightSource } from './weights'

/** Adds `x Wᵀ` to a graph: x (rows, in) → (rows, out). W is known by its tensor name. */
export type Linear = (graph: GraphWriter, x: string) => string

/** Prepares the layer with weight `name` (out, in). Weights go into `main`, nodes into the graph where it is applied. */
export type PrepareLinear = (main: GraphWriter, weights: WeightSource, name: string) => Linear

/** Float32 arithmetic from the stored weights. Gemm, because its folded weights load with half the peak memory of MatMul's. */
export const exactLinear: PrepareLinear = (main, weights, name) => {
  const weight = float32Weight(main, weights, name)
  return (graph, x) => graph.node('Gemm', [x, weight], { transB: 1 })
}
