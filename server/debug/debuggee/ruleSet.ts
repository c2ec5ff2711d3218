// The stop rules of a session as they are now, and when they are replaced.
import type { StopRule } from '../stopRule'

export interface RuleSet {
  /** Another list whenever it was replaced. */
  current(): readonly StopRule[]
  /** Aborts when `current` is replaced. */
  replaced(): AbortSignal
  replace(rules: readonly StopRule[]): void
}

export function createRuleSet(): RuleSet {
  let rules: readonly StopRule[] = []
  let replacing = new AbortController()
  return {
    current: () => rules,
    replaced: () => replacing.signal,
    replace(next) {
      rules = [...next]
      replacing.abort()
      replacing = new AbortController()
    },
  }
}
