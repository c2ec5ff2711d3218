// What each layer keeps of the positions before the current ones, and by which names it enters and leaves the graph.
import type { DeltaNet, ModelConfig } from '../formats/modelConfig'

/** Keys and values per position, or states of a size that does not grow. */
export type LayerMemory =
  | { readonly kind: 'keysAndValues'; readonly kvHeads: number; readonly headDim: number }
  | { readonly kind: 'states'; readonly states: readonly LayerState[] }

/** A float32 tensor that the layer reads and replaces; zeros before the first position. */
export interface LayerState {
  readonly name: string
  readonly shape: readonly number[]
}

/** What the convolution of a linear layer saw last, (1, kernel − 1, channels), and its recurrent state, (1, value_heads, key_dim, value_dim). */
export const CONV_STATE = 'conv'
export const DELTA_STATE = 'delta'

/** Memory of each layer of a model, in order. */
export function layerMemories(config: ModelConfig): readonly LayerMemory[] {
  const { layers, kvHeads, headDim } = config
  const keysAndValues: LayerMemory = { kind: 'keysAndValues', kvHeads, headDim }
  if (!('deltaNet' in config)) return Array.from({ length: layers }, () => keysAndValues)
  const states: LayerMemory = { kind: 'states', states: deltaNetStates(config.deltaNet) }
  return config.layerKinds.map((kind) => (kind === 'linear_attention' ? states : keysAndValues))
}

function deltaNetStates({ keyHeads, valueHeads, keyHeadDim, valueHeadDim, convKernel }: DeltaNet): readonly LayerState[] {
  return [
    { name: CONV_STATE, shape: [1, convKernel - 1, 2 * keyHeads * keyHeadDim + valueHeads * valueHeadDim] },
    { name: DELTA_STATE, shape: [1, valueHeads, keyHeadDim, valueHeadDim] },
  ]
}

export const pastKey = (layer: number): string => `past_key.${layer}`
export const pastValue = (layer: number): string => `past_value.${layer}`
export const newKey = (layer: number): string => `new_key.${layer}`
export const newValue = (layer: number): string => `new_value.${layer}`
export const pastState = (layer: number, name: string): string => `past_${name}.${layer}`
export const newState = (layer: number, name: string): string => `new_${name}.${layer}`
