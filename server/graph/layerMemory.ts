// What each layer keeps of the positions before the current ones, and by which names it enters and leaves the graph.
import type { ModelConfig } from '../formats/modelConfig'

/** Keys and values per position, or states of a size that does not grow. */
export type LayerMemory =
  | { readonly kind: 'keysAndValues'; readonly kvHeads: number; readonly headDim: number }
  | { readonly kind: 'states'; readonly states: readonly LayerState[] }

/** A float32 tensor that the layer reads and replaces: zeros before the first position. */
export interface LayerState {
  /** `conv` or `delta`. */
  readonly name: string
  readonly shape: readonly number[]
}

/** Memory of each layer of a model, in order. */
export function layerMemories(config: ModelConfig): readonly LayerMemory[] {
  const { layers, kvHeads, headDim } = config
  return Array.from({ length: layers }, () => ({ kind: 'keysAndValues', kvHeads, headDim }))
}

export const pastKey = (layer: number): string => `past_key.${layer}`
export const pastValue = (layer: number): string => `past_value.${layer}`
export const newKey = (layer: number): string => `new_key.${layer}`
export const newValue = (layer: number): string => `new_value.${layer}`
export const pastState = (layer: number, name: string): string => `past_${name}.${layer}`
export const newState = (layer: number, name: string): string => `new_${name}.${layer}`
