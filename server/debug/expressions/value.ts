// What an expression comes to: a number, a text, or something that can be opened to see more.
import type { Candidate } from '../../engine/engine'
import type { FeatureActivation, FeatureId } from '../../protocol/values'
import type { DebugToken } from '../branch'

export type Value =
  /** Of a feature that was named by itself: can be set. */
  | { readonly kind: 'activation'; readonly feature: FeatureId; readonly activation: number }
  | { readonly kind: 'number'; readonly number: number; readonly unit: NumberUnit }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'truth'; readonly truth: boolean }
  /** Strongest first. */
  | { readonly kind: 'features'; readonly layer: number; readonly features: readonly FeatureActivation[] }
  /** Likeliest first: the next token, or with a layer its logit lens. Entropy in nats. */
  | { readonly kind: 'candidates'; readonly layer: number | null; readonly candidates: readonly Candidate[]; readonly entropy: number }
  | { readonly kind: 'token'; readonly token: DebugToken }
  /** Nobody knows; `why` is lower case, without a full stop. */
  | { readonly kind: 'unknown'; readonly why: string }

/** How a number is written. */
export type NumberUnit = 'probability' | 'plain'
