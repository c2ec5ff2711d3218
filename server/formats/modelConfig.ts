// Reads a checkpoint's config.json into the numbers that its graph needs; names what is not supported.

/** A Qwen3 dense decoder, as config.json describes it. */
export interface Qwen3Config {
  readonly architecture: 'qwen3'
  readonly layers: number
  readonly dModel: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly dFfn: number
  readonly vocabSize: number
  readonly ropeTheta: number
  readonly rmsNormEps: number
  readonly tiedEmbeddings: boolean
  /** Most positions the model was made for (max_position_embeddings). */
  readonly contextLength: number
}

/** One member per supported architecture. */
export type ModelConfig = Qwen3Config
