// The one form that every published layout of a sparse autoencoder is read into.
import type { StoredTensor } from './tensorEntry'

/**
 * One layer's SAE in the one form that all published layouts are read into. With x̂ = `input.scale`(x), which divides by a factor c of the
 * token, and n_f = ‖W_dec[:, f]‖:
 *
 *     h = x̂ − b_dec (if `input.subtractsDecoderBias`) ;  a = activation(h W_encᵀ + b_enc), see `SaeActivation` and `DecoderNorm`
 *     reconstruction of x: c · (Σ_f a_f W_dec[:, f] + b_dec), plus the mean that layer normalisation took
 *
 * so an edit that changes a_f by δ adds δ · c · W_dec[:, f] to x.
 */
export interface SaeLayer {
  readonly layer: number
  readonly dSae: number
  /** (d_sae, d_model), strides as stored. */
  readonly W_enc: StoredTensor
  /** (d_sae); null when there is none, or when the activation is gated and has biases of its own. */
  readonly b_enc: StoredTensor | null
  /** (d_model, d_sae), strides as stored; column f is the direction of feature f. */
  readonly W_dec: StoredTensor
  /** (d_model) */
  readonly b_dec: StoredTensor | null
  readonly input: { readonly scale: InputScale; readonly subtractsDecoderBias: boolean }
  readonly activation: SaeActivation
  readonly decoderNorm: DecoderNorm
}

/** c by which a token's residual is divided before it is encoded: 1; a number of the set; ‖x‖/√d_model; the standard deviation, after the mean. */
export type InputScale = { readonly kind: 'none' } | { readonly kind: 'constant'; readonly divisor: number } | { readonly kind: 'norm' } | { readonly kind: 'layerNorm' }

export type SaeActivation =
  | { readonly kind: 'relu' }
  /** ReLU, then the k greatest. */
  | { readonly kind: 'topk'; readonly k: number }
  /** a where a > threshold (one number, or one per feature) and a > 0, else 0. */
  | { readonly kind: 'jumprelu'; readonly threshold: number | StoredTensor; /** Stored as its logarithm. */ readonly isLog: boolean }
  /** ReLU(h (W_enc · e^r_mag)ᵀ + b_mag) where h W_encᵀ + b_gate > 0, else 0; all three (d_sae). */
  | { readonly kind: 'gated'; readonly b_gate: StoredTensor; readonly b_mag: StoredTensor; readonly r_mag: StoredTensor }

/**
 * What n_f does: nothing; it multiplies a_f and divides the direction, as if the decoder had unit columns; or it multiplies only what the
 * threshold or top-k compares, not the activation.
 */
export type DecoderNorm = 'ignored' | 'folded' | 'gates'

/** How a set's files are laid out, for people. */
export type SaeLayout = 'Qwen-Scope' | 'SAELens' | 'sparsify' | 'dictionary_learning' | 'Gemma Scope' | 'Gemma Scope 2' | 'Llama Scope' | 'Goodfire'
