// The running model, seen from outside: load, generate with edits while reading features, cancel. Nothing here knows how it is computed.
import type { Edit, FeatureActivation, ModelIdentity, Pairing, Precision, Progress, SaeIdentity, SaeOrigin, Sampling } from '../protocol/values'

export interface LoadRequest {
  readonly modelPath: string
  /** Null runs the model without features. */
  readonly saePath: string | null
  readonly precision: Precision
  /**
   * Of `exact`: whether the weights stay in their files, converted again on every run. Loads at once and needs no memory of its own, but is some
   * ten times slower per token. Default false.
   */
  readonly mapped?: boolean
  /** Execution providers in order of preference; the CPU is always tried last. */
  readonly providers: readonly string[]
  /** Intra-op threads; null means the physical cores. */
  readonly threads: number | null
}

export interface LoadedModel {
  readonly name: string
  readonly identity: ModelIdentity
  readonly sae: SaeIdentity | null
  readonly saeLayers: readonly number[]
  /** Null without an SAE set, as `pairing` is. */
  readonly saeOrigin: SaeOrigin | null
  readonly pairing: Pairing | null
  readonly contextLength: number
  readonly vocabSize: number
  readonly stopIds: readonly number[]
  readonly parameters: number
  /** The folder of the rounded weights, their bytes on disk, and whether this load wrote them; null at precision `exact`. */
  readonly weightsCache: { readonly folder: string; readonly bytes: number; readonly written: boolean } | null
  readonly loadMs: number
  /** One sentence per execution provider that was tried and not used. */
  readonly fallbacks: readonly string[]
}

export interface GenerateRequest {
  readonly promptIds: readonly number[]
  /** Tokens that stand after the prompt as if they had been generated; nothing is chosen there, and none of them ends the run. Default none. */
  readonly givenIds?: readonly number[]
  /** Tokens before this position are not reported. Default 0. */
  readonly reportFrom?: number
  /** Most tokens to generate after the given ones; 0 reads what is there only. */
  readonly generate: number
  readonly sampling: Sampling
  readonly stopIds: readonly number[]
  readonly edits: readonly Edit[]
  /** Layers whose features are reported. */
  readonly layers: readonly number[]
  /** Most features reported per layer and token, at most k. */
  readonly top: number
  /** Most alternatives reported per token. */
  readonly alternatives: number
  /** Whether prompt tokens are predicted too, after the last token has been generated; else their `logprob` may stay null. */
  readonly promptPredictions: boolean
  /** Layers whose residuals are wanted whole, after edits, and whether the logits are: for dumps. */
  readonly capture: { readonly logits: boolean; readonly residualLayers: readonly number[] } | null
  /** Layers whose reconstruction error is wanted, each with an SAE; costs a product with W_dec per layer. Default none. */
  readonly reconstructionLayers?: readonly number[]
}

/** Features of layers over tokens that are known already: nothing is sampled, and no layer above the highest wanted one is computed. */
export interface ReadRequest {
  /** Prompt and generated tokens. */
  readonly tokenIds: readonly number[]
  /** The first so many are the prompt; positions of edits count on it. */
  readonly promptLength: number
  readonly edits: readonly Edit[]
  /** Layers to read, each with an SAE. */
  readonly layers: readonly number[]
  /** Most features reported per token, at most k. */
  readonly top: number
  /** The first token that is reported; default 0. */
  readonly from?: number
  /** Whether the reported tokens' predictions are wanted too, with so many alternatives; needs all layers. Default none. */
  readonly predictions?: { readonly alternatives: number }
}

/** One layer over the reported tokens of a read request; each list has one entry per token. */
export interface LayerReport {
  readonly layer: number
  /** Top features of the residual as it arrived, highest first. */
  readonly features: readonly (readonly FeatureActivation[])[]
  /** Of a layer with edits: the same after them; null for tokens whose residual they left alone. */
  readonly after?: readonly (readonly FeatureActivation[] | null)[]
  /** Euclidean norm of resid_post as it arrived. */
  readonly residualNorm: readonly number[]
}

export type ReadEvent =
  /** Share of the work that is done, 0..1. */
  | { readonly kind: 'progress'; readonly fraction: number }
  /** Layers come in ascending order, each once. */
  | { readonly kind: 'layer'; readonly report: LayerReport }
  /** One per reported token; null for position 0. */
  | { readonly kind: 'predictions'; readonly predictions: readonly (TokenPrediction | null)[] }

/** A candidate token: its id and natural-log probability. */
export interface Candidate {
  readonly id: number
  readonly logprob: number
}

/** What the model expected where a token stands, at temperature 1. */
export interface TokenPrediction {
  /** Of the token that stands there, natural. */
  readonly logprob: number
  /** Of the whole distribution, in nats. */
  readonly entropy: number
  /** 1 for the likeliest token; of equal ones the lower id comes first. */
  readonly rank: number
  /** The likeliest tokens, most likely first. */
  readonly alternatives: readonly Candidate[]
}

/** A distribution over the next token, at temperature 1. */
export interface Distribution {
  /** Most likely first. */
  readonly candidates: readonly Candidate[]
  /** In nats. */
  readonly entropy: number
}

/** A close look at one token, the last of `tokenIds`; what is not asked for is not computed. */
export interface InspectRequest {
  /** Prompt and generated tokens up to the one that is looked at. */
  readonly tokenIds: readonly number[]
  /** The first so many are the prompt; positions of edits count on it. */
  readonly promptLength: number
  readonly edits: readonly Edit[]
  /** Layers that are described; any of the model's. */
  readonly layers: readonly number[]
  /** Most features per layer, at most k. */
  readonly top: number
  /** Layers, each with an SAE, whose reconstruction error is wanted: a product with W_dec per layer. */
  readonly reconstructionLayers: readonly number[]
  /** Layers whose logit lens is wanted: final norm and head over resid_post as it leaves the layer, after its edits. */
  readonly lensLayers: readonly number[]
  /** Likeliest tokens per distribution; 0 when no distribution is wanted. */
  readonly candidates: number
  /** Layers whose resid_post is wanted whole, as it leaves the layer, after its edits. */
  readonly residualLayers: readonly number[]
}

/** One layer at the token that is looked at. */
export interface InspectedLayer {
  readonly layer: number
  /** Of resid_post as it arrived, highest first; empty for a layer without an SAE. */
  readonly features: readonly FeatureActivation[]
  /** The same after the edits; null where no edit changed the residual. */
  readonly after: readonly FeatureActivation[] | null
  /** Euclidean norm of resid_post as it arrived. */
  readonly residualNorm: number
  /** ‖x − x̂‖² / ‖x‖² of the residual as it arrived; null when it was not asked for. */
  readonly reconstructionError: number | null
}

export interface Inspection {
  /** In the order of the request. */
  readonly layers: readonly InspectedLayer[]
  /** What comes next; null when no distribution was wanted. */
  readonly next: Distribution | null
  readonly lens: readonly ({ readonly layer: number } & Distribution)[]
  /** By layer, (d_model). */
  readonly residuals: { readonly [layer: number]: Float32Array }
}

/** What the engine knows about one token once it has been fed through the model. */
export interface TokenReport {
  readonly index: number
  readonly id: number
  readonly generated: boolean
  /** Of this token given those before it, at temperature 1; null for the first, and for prompt tokens whose prediction comes later. */
  readonly logprob: number | null
  /** The likeliest tokens at this position, most likely first; empty where `logprob` is null. */
  readonly alternatives: readonly Candidate[]
  /** Of the distribution that this token was taken from, in nats; null where `logprob` is. */
  readonly entropy: number | null
  /** This token's place in it, 1 for the likeliest; null where `logprob` is. */
  readonly rank: number | null
  /** By layer: top features of the residual as it arrived, highest first. */
  readonly features: { readonly [layer: number]: readonly FeatureActivation[] }
  /** By edited layer: the same after the edits. */
  readonly featuresAfterEdit: { readonly [layer: number]: readonly FeatureActivation[] }
  /** By reported layer: Euclidean norm of resid_post as it arrived. */
  readonly residualNorm: { readonly [layer: number]: number }
  /** By layer of `reconstructionLayers`: ‖x − x̂‖² / ‖x‖² of the residual as it arrived; absent when none was asked for. */
  readonly reconstructionError?: { readonly [layer: number]: number }
  /** Indices into the request's edits of those that changed the residual here. */
  readonly fired: readonly number[]
}

export type GenerateEvent =
  /** Prompt and given tokens fed so far. */
  | { readonly kind: 'prefill'; readonly done: number; readonly total: number }
  /** Reports in order of position, without gaps; several at once after a prefill chunk. */
  | { readonly kind: 'tokens'; readonly tokens: readonly TokenReport[] }
  /**
   * Predictions of prompt tokens that were reported without theirs, from position `first` on. They come after the last token: they need the
   * head's product for every prompt position, which would delay the first token.
   */
  | { readonly kind: 'predictions'; readonly first: number; readonly predictions: readonly TokenPrediction[] }

export interface GenerateResult {
  /** `stop`: the last token is one of stopIds; it was fed and reported like the others. */
  readonly reason: 'length' | 'stop'
  /** Tokens at the start whose state came from an earlier run. */
  readonly reusedTokens: number
  readonly prefillMs: number
  readonly decodeMsPerToken: number
  /** T = prompt + generated tokens. */
  readonly captured: { readonly logits: Float32Array | null; readonly residuals: { readonly [layer: number]: Float32Array } } | null
}

/**
 * One model at a time. Calls are served in order; `generate` calls queue. A cancelled call rejects with CancelledError;
 * bad input (ids or edits out of range, a prompt longer than the context, an empty prompt) rejects with InputError before anything runs.
 */
export interface Engine {
  load(request: LoadRequest, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<LoadedModel>
  /** Feeds every token, the last generated one too, so that each has features. Same request, same result, whatever ran before. */
  generate(request: GenerateRequest, onEvent: (event: GenerateEvent) => void, signal: AbortSignal): Promise<GenerateResult>
  /** Reads layers over known tokens, from what earlier requests left where it holds. Rejects as `generate` does. */
  read(request: ReadRequest, onEvent: (event: ReadEvent) => void, signal: AbortSignal): Promise<void>
  /**
   * Looks into one token, from what earlier requests left where it holds: one position goes through some layers once more. A model with states
   * also goes through those since the last state that was kept: none for the last token, most often a quarter of the text at worst. Rejects as
   * `generate` does.
   */
  inspect(request: InspectRequest, signal: AbortSignal): Promise<Inspection>
  /** Resident memory of the process and what the engine's caches hold, in bytes. */
  memory(): Promise<{ readonly processBytes: number; readonly cacheBytes: number }>
  unload(): Promise<void>
  dispose(): Promise<void>
}
