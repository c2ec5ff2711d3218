// A compiled breakpoint: when it holds, how often it must, and what it logs in place of stopping.
import type { Facts, Needs } from './facts'
import type { Finding } from './branch'

/** Anything that can stop a branch: line, function, data and exception breakpoints alike. */
export interface StopRule {
  /** The breakpoint's id; unique over all kinds. */
  readonly id: number
  readonly kind: 'line' | 'function' | 'data' | 'exception'
  /** Of an exception rule the filter's id. The one of `nonFinite` stops where the engine meets values that are not numbers; its `holds` need never. */
  readonly filter?: string
  readonly needs: Needs
  /**
   * Whether it holds at this token. Depends on nothing but the branch's tokens and what was needed of them, so going back and forth gives the same
   * answer; `before` are those of the token before, null at position 0. An exception filter answers with what it found.
   */
  holds(at: Facts, before: Facts | null): boolean | Finding
  /** Whether it counts that it holds for the n-th time on this branch, from 1; null counts every time. */
  readonly counts: ((times: number) => boolean) | null
  /** What is logged in place of stopping; null stops. */
  readonly log: ((at: Facts) => string) | null
}
