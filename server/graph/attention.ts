// Grouped-query attention over a past that is only read: scores against the past and against the new positions are computed apart
// and normalised together, so that only the new keys and values leave the graph.
import { MICROSOFT, type GraphWriter } from './onnxWriter'
import { rotate } from './rope'
import { rmsNorm } from './rmsNorm'
import type { Linear } from './linear'

export interface AttentionShape {
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  /** The first so many dimensions of a head are rotated. */
  readonly rotaryDim: number
  readonly epsilon: number
  /** Whether the query matrix also makes a gate for the output: per head the query, then the gate. */
  readonly hasOutputGate?: boolean
}

export interface AttentionWeights {
  readonly query: Linear
  readonly key: Linear
  readonly value: Linear
  readonly output: Linear
  /** `scaledNorm` of the queries' norm (head_dim); absent where queries and keys are not normalised. */
  readonly scaledQueryNorm?: string
  /** (head_dim) */
  readonly keyNorm?: string
}

/** Names under which a layer's new rows leave the graph, each (kv_heads, 1, T, head_dim). */
export interface NewRows {
  readonly key: string
  readonly value: string
}

/**
 * x (T, d_model) → (T, d_model), with per-head normalisation of queries and keys, where there is one, before the rotation.
 * Reads the graph inputs `cos`, `sin`, `mask` (1, 1, T, P + T), `split` [P, T] and the layer's past, (kv_heads, 1, P, head_dim).
 *
 * Heads that share a key head are products of their own, (kv_heads, G, T, head_dim) by (kv_heads, 1, P, head_dim), and the scale stands before the
 * product: that way a single position is a vector times a matrix, for which there are kernels that do not repack the keys on every run. A batch of
 * key heads from the start, so that nothing is laid out anew but by the transpositions; a node costs some microseconds however little it does.
 */
export function attention(
  graph: GraphWriter, x: string, shape: AttentionShape, weights: AttentionWeights, past: { readonly key: string; readonly value: string }, newRows: NewRows,
): string {
  const { heads, kvHeads, headDim, rotaryDim, epsilon } = shape
  const group = heads / kvHeads
  const perHead = (values: string, members: number, width = headDim) => graph.node('Reshape', [values, graph.ints(-1, kvHeads, members, width)])
  const headFirst = (values: string, name?: string) => graph.node('Transpose', [values], { perm: [1, 2, 0, 3] }, name ? { outputs: [name] } : {})
  const normalised = (values: string, norm: string) => rmsNorm(graph, values, norm, epsilon)

  const { query: heads4, gate } = shape.hasOutputGate ? splitGate(graph, perHead(weights.query(graph, x), group, 2 * headDim)) : { query: perHead(weights.query(graph, x), group), gate: null }
  const scaledQuery = weights.scaledQueryNorm === undefined ? graph.node('Mul', [heads4, attentionScale(graph, headDim)]) : normalised(heads4, weights.scaledQueryNorm)
  const query = rotate(graph, headFirst(scaledQuery), group, rotaryDim)
  const keys = perHead(weights.key(graph, x), 1)
  const key = rotate(graph, headFirst(weights.keyNorm === undefined ? keys : normalised(keys, weights.keyNorm)), 1, rotaryDim, newRows.key)
  const value = headFirst(perHead(weights.value(graph, x), 1), newRows.value)

  const scores = (of: string) => graph.node('FusedMatMul', [query, of], { transB: 1 }, { domain: MICROSOFT })
  const masked = graph.node('Add', [graph.node('Concat', [scores(past.key), scores(key)], { axis: -1 }), 'mask'])
  const onPast = graph.freshName('on_past')
  const onNew = graph.freshName('on_new')
  graph.node('Split', [graph.node('Softmax', [masked], { axis: -1 }), 'split'], { axis: -1 }, { outputs: [onPast, onNew] })
  const mixed = graph.node('Add', [graph.node('MatMul', [onPast, past.value]), graph.node('MatMul', [onNew, value])])
  const positionFirst = graph.node('Transpose', [mixed], { perm: [2, 0, 1, 3] })
  const open = gate === null ? positionFirst : graph.node('Mul', [positionFirst, graph.node('Sigmoid', [gate])])
  return weights.output(graph, graph.node('Reshape', [open, graph.ints(-1, heads * headDim)]))
}

/** The weight of the queries' norm times 1/√head_dim, by which scores are scaled; `main` must be the main graph, where the product is folded. */
export function scaledNorm(main: GraphWriter, norm: string, headDim: number): string {
  return main.node('Mul', [norm, attentionScale(main, headDim)])
}

function attentionScale(graph: GraphWriter, headDim: number): string {
  return graph.constant(`attention_scale_${headDim}`, 'f32', [], Float32Array.of(1 / Math.sqrt(headDim)))
}

/** (T, kv_heads, G, 2 · head_dim) → query and gate, each (T, kv_heads, G, head_dim). */
function splitGate(graph: GraphWriter, wide: string): { readonly query: string; readonly gate: string } {
  const query = graph.freshName('query')
  const gate = graph.freshName('gate')
  graph.node('Split', [wide], { axis: -1, num_outputs: 2 }, { outputs: [query, gate] })
  return { query, gate }
}
