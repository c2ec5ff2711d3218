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
  /** (head_dim); absent where queries and keys are not normalised. */
  readonly queryNorm?: string
  readonly keyNorm?: string
}

/** Names under which a layer's new rows leave the graph, each (1, kv_heads, T, head_dim). */
export interface NewRows {
  readonly key: string
  readonly value: string
}

/**
 * x (T, d_model) → (T, d_model), with per-head normalisation of queries and keys, where there is one, before the rotation.
 * Reads the graph inputs `cos`, `sin`, `past_mask` (1, 1, 1, P), `new_mask` (1, 1, T, T), `split` [P, T] and the layer's past.
 */
export function attention(
  graph: GraphWriter, x: string, shape: AttentionShape, weights: AttentionWeights, past: { readonly key: string; readonly value: string }, newRows: NewRows,
): string {
  const { heads, kvHeads, headDim, rotaryDim, epsilon } = shape
  const perHead = (values: string, count: number, width = headDim) => graph.node('Reshape', [values, graph.ints(1, -1, count, width)])
  const headFirst = (values: string, name?: string) => graph.node('Transpose', [values], { perm: [0, 2, 1, 3] }, name ? { outputs: [name] } : {})

  const normalised = (values: string, norm: string | undefined) => (norm === undefined ? values : rmsNorm(graph, values, norm, epsilon))
  const { query: headQueries, gate } = shape.hasOutputGate ? splitGate(graph, perHead(weights.query(graph, x), heads, 2 * headDim)) : { query: perHead(weights.query(graph, x), heads), gate: null }
  const query = rotate(graph, headFirst(normalised(headQueries, weights.queryNorm)), heads, rotaryDim)
  const rotatedKey = rotate(graph, headFirst(normalised(perHead(weights.key(graph, x), kvHeads), weights.keyNorm)), kvHeads, rotaryDim)
  const key = graph.node('Identity', [rotatedKey], {}, { outputs: [newRows.key] })
  const value = headFirst(perHead(weights.value(graph, x), kvHeads), newRows.value)

  // Heads that share a key head are products of their own, (kv_heads, G, T, head_dim) by (kv_heads, 1, P, head_dim), and the scale stands before
  // the product: that way a single position is a vector times a matrix, for which there are kernels that do not repack the keys on every run.
  const scale = graph.constant(`scale_${headDim}`, 'f32', [], Float32Array.of(1 / Math.sqrt(headDim)))
  const grouped = graph.node('Reshape', [graph.node('Mul', [query, scale]), graph.ints(kvHeads, heads / kvHeads, -1, headDim)])
  const shared = (values: string) => graph.node('Reshape', [values, graph.ints(kvHeads, 1, -1, headDim)])
  const scores = (keys: string, mask: string) => graph.node('Add', [graph.node('FusedMatMul', [grouped, shared(keys)], { transB: 1 }, { domain: MICROSOFT }), mask])
  const joined = graph.node('Concat', [scores(past.key, 'past_mask'), scores(key, 'new_mask')], { axis: -1 })
  const probabilities = graph.node('Softmax', [joined], { axis: -1 })

  const onPast = graph.freshName('on_past')
  const onNew = graph.freshName('on_new')
  graph.node('Split', [probabilities, 'split'], { axis: -1 }, { outputs: [onPast, onNew] })
  const mixed = graph.node('Add', [graph.node('MatMul', [onPast, shared(past.value)]), graph.node('MatMul', [onNew, shared(value)])])
  const positionFirst = headFirst(graph.node('Reshape', [mixed, graph.ints(1, heads, -1, headDim)]))
  const open = gate === null ? positionFirst : graph.node('Mul', [positionFirst, graph.node('Sigmoid', [gate])])
  return weights.output(graph, graph.node('Reshape', [open, graph.ints(-1, heads * headDim)]))
}

/** (1, T, heads, 2 · head_dim) → query and gate, each (1, T, heads, head_dim). */
function splitGate(graph: GraphWriter, wide: string): { readonly query: string; readonly gate: string } {
  const query = graph.freshName('query')
  const gate = graph.freshName('gate')
  graph.node('Split', [wide], { axis: -1, num_outputs: 2 }, { outputs: [query, gate] })
  return { query, gate }
}
