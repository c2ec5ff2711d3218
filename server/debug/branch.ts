// The words of the debugger: tokens with their places, branches, where one stands, and why it stopped.
import type { TokenPrediction } from '../engine/engine'
import type { PlacedToken } from '../protocol/requests'
import type { Edit, FeatureId, EditOperation, Sampling } from '../protocol/values'

/** One token of a branch. */
export interface DebugToken extends PlacedToken {
  /** Of this token given those before it; null for the first, and for tokens of the prompt until it has been asked for. */
  readonly prediction: TokenPrediction | null
  /** Indices into the branch's edits of those that changed the residual here. */
  readonly fired: readonly number[]
}

/** Where a branch stands: on a token, or in one of its layers. The token has been fed; the next one has not been chosen. */
export interface Place {
  readonly position: number
  /** Null on the token itself. */
  readonly layer: number | null
}

/** A branch as it can be read at any moment; it is replaced, never changed. Its id is the thread's. */
export interface Branch {
  readonly id: number
  readonly name: string
  /** The branch it was forked from, and the first position at which it may differ. */
  readonly parent: { readonly id: number; readonly position: number } | null
  /** Every token it has, also those after the place to which one has stepped back. The prompt is always whole. */
  readonly tokens: readonly DebugToken[]
  readonly place: Place
  readonly edits: readonly Edit[]
  /** What chooses the next new token. */
  readonly sampling: Sampling
  /** Tokens that are to stand after the last one, whatever the model would choose. */
  readonly forced: readonly number[]
  /** Most tokens after the prompt. */
  readonly generate: number
  /** Why there is no token after the last one; null while there can be. */
  readonly ended: 'length' | 'stop' | null
  readonly isRunning: boolean
  /** Where it is kept for the user, as its record says. */
  readonly record: { readonly runId: string | null; readonly uri: string | null }
}

/** How one goes on from a place. All but `stepIn` on a token and the layer steps may run over many tokens. */
export type Motion =
  /** To the next stop, or the end. */
  | { readonly kind: 'continue' }
  /** One token; in a layer one layer, from the last layer to the next token. */
  | { readonly kind: 'next' }
  /** On a token into a layer (the first unless named); in a layer to the one above. */
  | { readonly kind: 'stepIn'; readonly layer: number | null }
  /** In a layer back to its token; on a token to the end of the sentence. */
  | { readonly kind: 'stepOut' }
  /** One token back; in a layer one layer down, from the first back to the token. */
  | { readonly kind: 'stepBack' }
  /** Back to the last stop before this place, or to the first token. */
  | { readonly kind: 'reverseContinue' }
  /** Nothing between is run or stops. The branch must have the token. */
  | { readonly kind: 'goto'; readonly position: number }

/** What is changed from the place on. In the past of a branch it makes a new one; at its last token it changes the branch itself. */
export type Change =
  /** From this token on the feature has this edit and no other; null takes away those it has. */
  | { readonly kind: 'edit'; readonly feature: FeatureId; readonly operation: EditOperation | null }
  /** These tokens follow. */
  | { readonly kind: 'force'; readonly ids: readonly number[] }
  | { readonly kind: 'sampling'; readonly sampling: Partial<Sampling> }
  | { readonly kind: 'generate'; readonly generate: number }
  /** Everything after this token is made anew, and the token itself fed again. */
  | { readonly kind: 'restart' }

/** Something noticed in the text or the numbers, by an exception filter. */
export interface Finding {
  /** The filter's id, for example `loop`. */
  readonly filter: string
  /** One sentence for people without a full stop, lower case: `completion repeats "I am" 4 times from token 31`. */
  readonly message: string
  /** Tokens that show it, both included. */
  readonly first: number
  readonly last: number
}

/** Why a branch stands where it does. */
export interface Stop {
  readonly reason: 'entry' | 'step' | 'breakpoint' | 'exception' | 'pause' | 'goto' | 'restart' | 'end'
  /** Ids of the stop rules that held. */
  readonly rules: readonly number[]
  readonly finding: Finding | null
}
