// The plain data that every process shares: features, edits, sampling, tokens, traces. No behaviour.

/** How weights are computed with. `exact` is float32 from the stored weights; `q4` is approximate for reading features. */
export type Precision = 'exact' | 'q8' | 'q4'

/** `auto` means the most precise of them that fits into the memory that is free when the model is loaded. */
export type PrecisionChoice = Precision | 'auto'

/** What the weights' precision costs in accuracy, measured against `exact` over a short text. */
export interface PrecisionCost {
  readonly precision: Precision
  /** Of the text that was read. */
  readonly tokens: number
  /** By layer: ‖h_q − h‖ / ‖h‖ of resid_post, mean over tokens except position 0. */
  readonly residualError: readonly number[]
  /** Of some layers of the SAE set, ascending; empty without one. */
  readonly features: readonly FeatureAgreement[]
  /** Path of that SAE set. */
  readonly sae: string | null
  /** Share of positions, 0..1, at which the likeliest next token is the same. */
  readonly sameToken: number
}

/** Share of a layer's top features at `exact`, 0..1, that are among the top features still; mean over tokens except position 0. */
export interface FeatureAgreement {
  readonly layer: number
  readonly kept: number
}

/** One SAE latent: decoder layer and index in that layer's SAE, both 0-based. Written `L14/6159`. */
export interface FeatureId {
  readonly layer: number
  readonly feature: number
}

/** A feature's value after ReLU and top-k on one token; features that are not among the k do not appear. */
export interface FeatureActivation {
  readonly feature: number
  readonly activation: number
}

/** What an edit does to the activation a: `set` replaces it (0 suppresses), `add` adds to it, `scale` multiplies it. */
export type EditOperation =
  | { readonly kind: 'set'; readonly value: number }
  | { readonly kind: 'add'; readonly value: number }
  | { readonly kind: 'scale'; readonly value: number }

/** The end of a range that has none, written `12-`: beyond every position, and a whole number, so that it survives JSON. */
export const OPEN_END = Number.MAX_SAFE_INTEGER

/** Token positions, 0-based over prompt and generated tokens; `last` is the last prompt token; ranges include both ends, the last of which may be `OPEN_END`. */
export type EditPositions =
  | { readonly kind: 'all' }
  | { readonly kind: 'prompt' }
  | { readonly kind: 'generated' }
  | { readonly kind: 'last' }
  | { readonly kind: 'ranges'; readonly ranges: readonly (readonly [first: number, last: number])[] }

/** A change to one feature while the model runs; its text form is an edit line, `L14/6159 = 0 @ generated`. */
export interface Edit {
  readonly feature: FeatureId
  readonly operation: EditOperation
  readonly positions: EditPositions
}

/** How the next token is chosen. Temperature 0 is greedy; topP 1 and topK 0 switch those filters off. */
export interface Sampling {
  readonly temperature: number
  readonly topP: number
  readonly topK: number
  readonly seed: number
}

export const GREEDY: Sampling = { temperature: 0, topP: 1, topK: 0, seed: 0 }

/** A token that could have stood at a position, with its natural-log probability given the tokens before. */
export interface TokenAlternative {
  readonly id: number
  readonly text: string
  readonly logprob: number
}

/** A half-open range of UTF-16 code units. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

/** One token of a trace, as the command line prints it. `logprob` is null for the first token. */
export interface TraceToken {
  readonly index: number
  readonly id: number
  readonly text: string
  readonly generated: boolean
  readonly logprob: number | null
  readonly alternatives: readonly TokenAlternative[]
}

/** Top features per layer and token, for programs outside: `features[layer][tokenIndex]`, sorted by activation, highest first. */
export type FeatureLists = { readonly [layer: number]: readonly (readonly FeatureActivation[])[] }

/** Which edit fired where: the positions at which it changed the residual. */
export interface EditReport {
  readonly edit: string
  readonly firedAt: readonly number[]
}

export interface ModelIdentity {
  readonly path: string
  readonly architecture: string
  readonly layers: number
  readonly dModel: number
  readonly precision: Precision
  readonly provider: string
}

export interface SaeIdentity {
  readonly path: string
  readonly dSae: number
  /** Most features that are active on a token; null when the activation (ReLU, JumpReLU, gated) sets no limit. */
  readonly k: number | null
}

/** Where an SAE set comes from: how its files are laid out, and the model that they say it was trained on. */
export interface SaeOrigin {
  readonly layout: string
  readonly baseModel: string | null
}

/** Features to ask for so that every active one is reported. */
export function mostActive(sae: SaeIdentity | null): number {
  return sae ? (sae.k ?? sae.dSae) : 0
}

/** How an SAE set and a model belong together. `transfer`: trained on the base model, read on its post-trained version, or the other way round. */
export type PairingKind = 'match' | 'transfer' | 'unknown' | 'mismatch'

export interface Pairing {
  readonly kind: PairingKind
  /** One sentence for people, without a full stop. */
  readonly note: string
}

export interface RunTiming {
  readonly loadMs: number
  readonly prefillMs: number
  readonly decodeMsPerToken: number
}

/** The document that `promptscope trace --json` prints. */
export interface Trace {
  readonly model: ModelIdentity
  readonly sae: SaeIdentity | null
  readonly tokens: readonly TraceToken[]
  /** Of the residual as it arrived at each layer: the activations that edits read. */
  readonly features: FeatureLists
  /** The same after the edits, for edited layers only. */
  readonly featuresAfterEdit: FeatureLists
  readonly edits: readonly EditReport[]
  readonly timing: RunTiming
}

/** What is known about a feature without running anything, from the SAE set's labels. */
export interface FeatureDescription {
  readonly feature: FeatureId
  /** Short words, or null when the SAE set has no label for it. */
  readonly label: string | null
  /** Texts of the tokens on which it fires most, strongest first; empty when unknown. */
  readonly tokens: readonly string[]
  /** Share of tokens on which it fires, 0..1, or null when unknown. */
  readonly density: number | null
  /** Its usual and greatest activation when it fires, or null when unknown. */
  readonly typicalActivation: number | null
  readonly maxActivation: number | null
}

/** A step of long work: `fraction` is 0..1, or null while it cannot be told. */
export interface Progress {
  readonly message: string
  readonly fraction: number | null
}
