// A stop that no rule made.
import type { Stop } from '../branch'

export function stopFor(reason: Exclude<Stop['reason'], 'breakpoint' | 'exception'>): Stop {
  return { reason, rules: [], finding: null }
}
