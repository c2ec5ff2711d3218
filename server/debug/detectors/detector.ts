// What an exception filter is: a rule about the tokens so far that a branch can be stopped by.
import type { DebugToken, Finding } from '../branch'

/** What a client shows of an exception filter. */
export interface DetectorInfo {
  /** The filter's id, for example `loop`. */
  readonly id: string
  readonly label: string
  /** One sentence: what it stops at. */
  readonly description: string
  /** Whether it is on unless the user says otherwise. */
  readonly default: boolean
  /** What can be written as its condition; null when it takes none. */
  readonly conditionHelp: string | null
}

/** An exception filter: pure, so that a branch stops at the same tokens whichever way it is gone. */
export interface Detector extends DetectorInfo {
  /** The same filter with a condition that the user wrote. Throws InputError. Null when it takes none. */
  readonly withCondition: ((text: string) => Detector) | null
  /**
   * What it finds with this very token: only where the rule becomes true, not on every later token. `tokens` may go on behind `index`; the answer
   * depends on none of those.
   */
  find(tokens: readonly DebugToken[], index: number): Finding | null
}
