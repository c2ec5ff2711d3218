// Reads a checkpoint's config.json into the numbers that its graph needs; names what is not supported.
import { architectureOf } from './architectures/architectureOf'
import { CONFIG_REMEDY } from './architectures/decoderFields'
import { jsonFields } from './jsonFields'

/** What every decoder has, whatever its layers compute. */
export interface DecoderConfig {
  readonly layers: number
  readonly dModel: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly vocabSize: number
  readonly rope: Rope
  readonly rmsNormEps: number
  readonly tiedEmbeddings: boolean
  /** Most positions the model was made for (max_position_embeddings). */
  readonly contextLength: number
}

/** Rotary position embedding: which part of each head is rotated, and how fast. */
export interface Rope {
  readonly theta: number
  /** The first so many dimensions of a head are rotated; head_dim when all are. */
  readonly rotaryDim: number
  /** How the frequencies are changed for long contexts; null when they are not. */
  readonly scaling: RopeScaling | null
}

export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | { readonly kind: 'llama3'; readonly factor: number; readonly lowFrequencyFactor: number; readonly highFrequencyFactor: number; readonly originalContext: number }

/** Routed experts in the place of a dense feed-forward block. */
export interface Experts {
  readonly count: number
  /** Experts that each token is sent to. */
  readonly perToken: number
  readonly dExpert: number
  /** Whether the chosen experts' probabilities are divided by their sum. */
  readonly normalised: boolean
}

/** What mixes the positions of a layer. */
export type LayerKind = 'full_attention' | 'linear_attention'

/** The linear layers of Qwen3.5: a causal convolution and a gated delta rule with a state of fixed size. */
export interface DeltaNet {
  readonly keyHeads: number
  readonly valueHeads: number
  readonly keyHeadDim: number
  readonly valueHeadDim: number
  /** Positions that the convolution sees, the current one included. */
  readonly convKernel: number
}

export interface Qwen3Config extends DecoderConfig {
  readonly architecture: 'qwen3'
  readonly dFfn: number
}

export interface Qwen3MoeConfig extends DecoderConfig {
  readonly architecture: 'qwen3_moe'
  readonly experts: Experts
  /** Layers with a dense block in place of experts, and its width. */
  readonly denseLayers: readonly number[]
  readonly dFfn: number
}

export interface Qwen35Config extends DecoderConfig {
  readonly architecture: 'qwen3_5'
  readonly dFfn: number
  /** By layer. */
  readonly layerKinds: readonly LayerKind[]
  readonly deltaNet: DeltaNet
}

export interface Qwen35MoeConfig extends DecoderConfig {
  readonly architecture: 'qwen3_5_moe'
  readonly experts: Experts
  readonly dSharedExpert: number
  readonly layerKinds: readonly LayerKind[]
  readonly deltaNet: DeltaNet
}

/** Llama, Mistral and others with the same layer. */
export interface LlamaConfig extends DecoderConfig {
  readonly architecture: 'llama'
  readonly dFfn: number
  readonly attentionBias: boolean
  readonly mlpBias: boolean
}

/** As Llama, with a bias on queries, keys and values. */
export interface Qwen2Config extends DecoderConfig {
  readonly architecture: 'qwen2'
  readonly dFfn: number
}

/** One member per supported architecture. */
export type ModelConfig = Qwen3Config | Qwen3MoeConfig | Qwen35Config | Qwen35MoeConfig | LlamaConfig | Qwen2Config

/** Throws InputError that begins with `fileName` and names the field or the part that is not supported. */
export function parseModelConfig(json: unknown, fileName: string): ModelConfig {
  const fields = jsonFields(json, fileName, CONFIG_REMEDY)
  return architectureOf(fields, fileName).parse(fields, fileName)
}
