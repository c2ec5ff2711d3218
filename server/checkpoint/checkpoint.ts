// What a model folder and an SAE folder hold, once opened and checked: the records that the graph, the engine and the runs work from.
import type { ModelConfig } from '../formats/modelConfig'
import type { SaeLayer, SaeLayout } from '../formats/saeLayer'
import type { StoredTensor } from '../formats/tensorEntry'

/** An opened checkpoint folder: its configuration and where every weight lies. No weight has been read. */
export interface Checkpoint {
  /** Absolute path of the folder. */
  readonly path: string
  /** The folder's own name, for people. */
  readonly name: string
  readonly config: ModelConfig
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Ids at which generation ends: generation_config.json, config.json and the chat tokens, together. */
  readonly stopIds: readonly number[]
  readonly parameters: number
}

/** An opened SAE set: one autoencoder per layer on resid_post. */
export interface SaeSet {
  readonly path: string
  readonly name: string
  readonly layout: SaeLayout
  /** The model that the set was trained on, `Qwen/Qwen3-1.7B-Base`; null when the files do not say. */
  readonly baseModel: string | null
  readonly dModel: number
  /** The same in every layer. */
  readonly dSae: number
  /** Most features that are active on a token; null when the activation sets no limit. */
  readonly k: number | null
  /** Decoder layers of the model that the set was made for; null when the files do not say. */
  readonly modelLayers: number | null
  /** By layer index; a set need not cover every layer. */
  readonly layers: ReadonlyMap<number, SaeLayer>
}
