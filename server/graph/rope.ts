// Rotary position embedding: the rotation as a graph node, and the angles that it is fed with.
// Formula: angle(p, j) = p · θ^(−2j/d), dimension j paired with j + d/2 (Su et al. 2021, in the layout of Llama and Qwen).
import type { Rope } from '../formats/modelConfig'
import { MICROSOFT, type GraphWriter } from './onnxWriter'
import { ropeFrequencies } from './ropeFrequencies'

/** Rotates the first `rotaryDim` dimensions of each head of `x` (batch, heads, T, head_dim) by the angles of its T positions. */
export function rotate(graph: GraphWriter, x: string, heads: number, rotaryDim: number, output?: string): string {
  // The tables hold exactly the T rows of this run, so the first row is always 0.
  const firstRow = graph.constant('rope_first_row', 'i64', [1], BigInt64Array.of(0n))
  return graph.node('RotaryEmbedding', [x, firstRow, 'cos', 'sin'], { num_heads: heads, rotary_embedding_dim: rotaryDim }, { domain: MICROSOFT, ...(output && { outputs: [output] }) })
}

/** Cosines and sines of positions first … first + count − 1, each (count, rotary_dim / 2). */
export interface RopeRows {
  readonly cos: Float32Array
  readonly sin: Float32Array
}

/** Angles are rounded to float32 at the same steps as in transformers, so that far positions agree with it. */
export function ropeRows(rope: Rope, first: number, count: number): RopeRows {
  const frequencies = ropeFrequencies(rope)
  const half = frequencies.length
  const cos = new Float32Array(count * half)
  const sin = new Float32Array(count * half)
  for (let row = 0; row < count; row++) {
    for (let j = 0; j < half; j++) {
      const angle = Math.fround((first + row) * frequencies[j]!)
      cos[row * half + j] = Math.cos(angle)
      sin[row * half + j] = Math.sin(angle)
    }
  }
  return { cos, sin }
}
