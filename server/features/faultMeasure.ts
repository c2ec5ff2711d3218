// How much of a fault is in a reading of the text that went wrong: what a suppression should lower. Pure.
import type { TokenReport } from '../engine/engine'
import type { RunDetail } from '../protocol/requests'
import type { Fault } from '../runs/detectors'
import { leastLoopLength } from '../runs/repetition'
import { charactersOf } from '../runs/scriptSwitch'

/** Alternatives per token in which a fault's probability is looked for. */
export const ALTERNATIVES_READ = 64

/** What is measured on a reading: reports of the run's tokens 0 … `length` − 1, with `ALTERNATIVES_READ` alternatives each. */
export interface FaultMeasure {
  readonly length: number
  /** The first token that belongs to the fault. */
  readonly start: number
  /** How likely the fault is, in a unit of its own; only ratios of two readings mean something. */
  amount(reports: readonly TokenReport[]): number
  /** Per position of the reading, how far the fault is about to happen there, 0..1. */
  weights(reports: readonly TokenReport[]): number[]
}

/**
 * Of a language switch: the probability of a token of the foreign script, summed over the answer up to the token where it switched. All those
 * places count, not only the one where chance took it; so one run tells much more than one event.
 * Of a loop: the probability that its first unit is followed by just enough repetitions to be a loop. It is decided where a repetition was not
 * yet sure, at the ends of units as a rule, so that is where it counts as about to happen.
 */
export function createFaultMeasure(run: Pick<RunDetail, 'tokens'>, fault: Fault, tokenText: (id: number) => string): FaultMeasure {
  const answerStart = run.tokens.findIndex((token) => token.generated)
  return fault.kind === 'languageSwitch' ? measureSwitch(answerStart, fault, tokenText) : measureLoop(fault)
}

/** The token that a position predicts is the one after it. */
function beforeEach(length: number, risk: (index: number) => number): number[] {
  return Array.from({ length }, (_, position) => (position + 1 < length ? risk(position + 1) : 0))
}

function measureSwitch(answerStart: number, fault: Fault & { readonly kind: 'languageSwitch' }, tokenText: (id: number) => string): FaultMeasure {
  const pattern = charactersOf(fault.script)
  const known = new Map<number, boolean>()
  const isForeign = (id: number): boolean => {
    const found = known.get(id) ?? pattern.test(tokenText(id))
    known.set(id, found)
    return found
  }
  const length = fault.first + 1
  const risk = (reports: readonly TokenReport[], index: number): number =>
    index < answerStart ? 0 : Math.min(1, reports[index]!.alternatives.reduce((sum, { id, logprob }) => sum + (isForeign(id) ? Math.exp(logprob) : 0), 0))
  return {
    length,
    start: fault.first,
    amount: (reports) => reports.slice(0, length).reduce((sum, { index }) => sum + risk(reports, index), 0),
    weights: (reports) => beforeEach(length, (index) => risk(reports, index)),
  }
}

function measureLoop({ first, period }: Fault & { readonly kind: 'loop' }): FaultMeasure {
  // The first unit is not yet a repetition.
  const start = first + period
  const length = first + leastLoopLength(period)
  return {
    length,
    start,
    amount: (reports) => Math.exp(reports.slice(start, length).reduce((sum, { logprob }) => sum + (logprob ?? 0), 0)),
    weights: (reports) => beforeEach(length, (index) => (index < start ? 0 : 1 - Math.exp(reports[index]!.logprob ?? 0))),
  }
}
