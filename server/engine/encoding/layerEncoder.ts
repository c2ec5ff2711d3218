// What encodes the residuals of one layer, whichever way is fastest there.

/** The active features of one token, those with an activation above 0, highest first. */
export interface TopK {
  readonly features: Int32Array
  readonly activations: Float32Array
}

export interface LayerEncoder {
  /** The features of each row of `x` (T, d_model), which is scaled as the SAE's input. */
  encode(x: Float32Array): Promise<TopK[]>
  /** Memory that it may take, weights that stay in their file included. */
  readonly bytes: number
  release(): Promise<void>
}
