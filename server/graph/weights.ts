// Turns tensors as they are stored into float32 values of a graph, without copying a byte of them.
import type { StoredTensor, TensorDtype } from '../formats/tensorEntry'
import { ELEMENT_TYPE, type ElementType, type GraphWriter } from './onnxWriter'

/** A checkpoint's weights as a graph sees them: tensors by name, and each file's path relative to the session's base folder. */
export interface WeightSource {
  tensor(name: string): StoredTensor
  location(file: string): string
}

const STORED_TYPE: Partial<Record<TensorDtype, ElementType>> = { F32: 'f32', F16: 'f16', BF16: 'bf16' }

/** The tensor in its stored type, as an initialiser of the main graph. `shape` says how its bytes are read; they must be contiguous. */
export function storedWeight(graph: GraphWriter, weights: WeightSource, name: string, shape?: readonly number[]): string {
  const { dtype, shape: storedShape, file, offset, length } = weights.tensor(name)
  const type = STORED_TYPE[dtype]
  if (!type) throw new Error(`tensor ${name} has type ${dtype}, which no graph can hold`)
  return graph.external(name, type, shape ?? storedShape, { location: weights.location(file), offset, length })
}

/**
 * The tensor as float32. `main` must be the main graph: there the conversion is folded when the session loads,
 * and layers inside `If` branches use the result by name, so that it exists once.
 */
export function float32Weight(main: GraphWriter, weights: WeightSource, name: string, shape?: readonly number[]): string {
  const stored = storedWeight(main, weights, name, shape)
  return weights.tensor(name).dtype === 'F32' ? stored : main.node('Cast', [stored], { to: ELEMENT_TYPE.f32 })
}
