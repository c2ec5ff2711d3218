// Judges a token that is gone over: which rules hold there and count, what is logged, and what stops.
import type { Stop } from '../branch'
import type { Facts } from '../facts'
import type { StopRule } from '../stopRule'
import { ask } from './askRules'
import { keepReadings } from './branchReader'
import { describeBranch, type BranchState } from './branchState'
import { factsAt, type Readings } from './readings'
import { tell, type Workings } from './workings'

/** Judges a token that is gone over: asks, logs, and answers with the stop there, or null. */
export function judge(workings: Workings, state: BranchState, rules: readonly StopRule[], position: number, at: Readings, before: Readings | null): Stop | null {
  ask(state, rules, position, at, before)
  log(workings, state, rules, position, at)
  keepReadings(state, position, at)
  return stopAt(state, rules, position)
}

/** The stop that the rules make at the token, or null. All must have been asked. */
export function stopAt(state: BranchState, rules: readonly StopRule[], position: number): Stop | null {
  const holding = rules.filter((rule) => rule.log === null && applies(state, rule, position))
  if (holding.length === 0) return null
  const findings = holding.flatMap((rule) => state.verdicts.finding(rule, position) ?? [])
  return { reason: holding.every(({ kind }) => kind === 'exception') ? 'exception' : 'breakpoint', rules: holding.map(({ id }) => id), finding: findings[0] ?? null }
}

/** Logs what is to be logged at the token, once; the facts are made only where something is. */
function log(workings: Workings, state: BranchState, rules: readonly StopRule[], position: number, at: Readings): void {
  let facts: Facts | null = null
  for (const rule of rules) {
    if (rule.log === null || !applies(state, rule, position) || !state.verdicts.logsFirst(rule, position)) continue
    facts ??= factsAt(position, state.timeline.tokens, at)
    tell(workings, state)
    workings.events.onLog(describeBranch(state, workings.limits), position, rule.log(facts))
  }
}

/** Whether the rule holds at the token and it counts. It must have been asked. */
function applies({ verdicts }: BranchState, rule: StopRule, position: number): boolean {
  return verdicts.get(rule, position) === true && (rule.counts === null || rule.counts(verdicts.times(rule, position)))
}
