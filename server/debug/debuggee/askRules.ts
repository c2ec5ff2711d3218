// Asks stop rules whether they hold, at one token or wherever they have not been asked; what they answer is kept with the branch.
import { joinedNeeds } from '../facts'
import type { StopRule } from '../stopRule'
import type { BranchState } from './branchState'
import { factsAt, NO_READINGS, type Readings } from './readings'
import type { Workings } from './workings'

/** Tokens that are read at once where many rules' answers are missing. */
export const LARGEST_WINDOW = 256

/** The rules of which something must be read at some of the tokens first … end − 1: those that have not been asked there, or that log there. */
export function openRules({ verdicts }: BranchState, rules: readonly StopRule[], first: number, end: number): StopRule[] {
  return rules.filter((rule) => {
    for (let position = first; position < end; position++) {
      const verdict = verdicts.get(rule, position)
      if (verdict === undefined || (verdict && rule.log && !verdicts.hasLogged(rule, position))) return true
    }
    return false
  })
}

/** Asks the open rules at one token. `before` are the readings of the token before it. */
export function ask(state: BranchState, open: readonly StopRule[], position: number, at: Readings, before: Readings | null): void {
  const { verdicts, timeline: { tokens } } = state
  const missing = open.filter((rule) => verdicts.get(rule, position) === undefined)
  if (missing.length === 0) return
  const facts = factsAt(position, tokens, at)
  const earlier = position === 0 ? null : factsAt(position - 1, tokens, before ?? NO_READINGS)
  for (const rule of missing) verdicts.set(rule, position, rule.holds(facts, earlier))
}

/** Asks the rules wherever they have not been asked at tokens first … end − 1, in stretches. Throws CancelledError. */
export async function askAll(workings: Workings, state: BranchState, rules: readonly StopRule[], first: number, end: number, signal: AbortSignal): Promise<void> {
  const missing = (from: number, to: number): StopRule[] => rules.filter((rule) => !state.verdicts.knows(rule, from, to))
  if (missing(first, end).length === 0) return
  while (first < end) {
    if (missing(first, first + 1).length === 0) {
      first++
      continue
    }
    const stop = Math.min(end, first + LARGEST_WINDOW)
    const open = missing(first, stop)
    const from = Math.max(0, first - 1)
    const readings = await workings.reader.read(state, from, stop, joinedNeeds(open.map(({ needs }) => needs)), signal)
    for (let position = first; position < stop; position++) ask(state, open, position, readings[position - from]!, readings[position - 1 - from] ?? null)
    first = stop
  }
}

/** Rules whose hits are counted must have been asked at every token before the one that is judged. */
export function counting(rules: readonly StopRule[]): StopRule[] {
  return rules.filter(({ counts }) => counts !== null)
}
