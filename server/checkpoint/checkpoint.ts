// What a model folder and an SAE folder hold, once opened and checked: the records that the graph, the engine and the runs work from.
import type { ModelConfig } from '../formats/modelConfig'
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

/** One layer's SAE: `W_enc` (d_sae, d_model), `b_enc` (d_sae), `W_dec` (d_model, d_sae), `b_dec` (d_model); strides as stored. */
export interface SaeLayer {
  readonly layer: number
  readonly W_enc: StoredTensor
  readonly b_enc: StoredTensor
  readonly W_dec: StoredTensor
  readonly b_dec: StoredTensor
}

/** An opened SAE set: one ReLU + top-k autoencoder per layer on resid_post, with no input normalisation and no b_dec subtraction. */
export interface SaeSet {
  readonly path: string
  readonly name: string
  readonly baseModel: string | null
  readonly dModel: number
  readonly dSae: number
  readonly k: number
  /** Decoder layers of the model that the set was made for. */
  readonly modelLayers: number
  /** By layer index; a set need not cover every layer. */
  readonly layers: ReadonlyMap<number, SaeLayer>
}
