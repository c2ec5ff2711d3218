// How much of a fault is in a reading of the text that went wrong: what a suppression should lower. Pure.
import type { TokenReport } from '../engine/engine'
import type { RunDetail } from '../protocol/requests'
import { charactersOf, type Fault } from '../runs/detectors'

/** Alternatives per token in which a fault's probability is looked for. */
export const ALTERNATIVES_READ = 64

/** What is measured on a reading: reports of the run's tokens 0 … `length` − 1, with `ALTERNATIVES_READ` alternatives each. */
export interface FaultMeasure {
  readonly length: number
  /** How likely the fault is, in a unit of its own; only ratios of two readings mean something. */
  amount(reports: readonly TokenReport[]): number
  /** Per position of the reading, how far the fault is about to happen there, 0..1. */
  weights(reports: readonly TokenReport[]): number[]
}

/**
 * Of a language switch: the probability of a token of the foreign script, summed over the answer up to the token where it switched. All those
 * places count, not only the one where chance took it; so one run tells much more than one event.
 * Of a loop: the probability that the unit is repeated once more, the mean over its repetitions.
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
    amount: (reports) => reports.slice(0, length).reduce((sum, { index }) => sum + risk(reports, index), 0),
    weights: (reports) => beforeEach(length, (index) => risk(reports, index)),
  }
}

function measureLoop({ first, last, period }: Fault & { readonly kind: 'loop' }): FaultMeasure {
  // The first unit is not yet a repetition.
  const starts = Array.from({ length: Math.floor((last + 1 - first) / period) - 1 }, (_, repetition) => first + (repetition + 1) * period).slice(0, REPETITIONS_READ)
  const length = starts.at(-1)! + period
  return {
    length,
    amount: (reports) => mean(starts.map((start) => Math.exp(reports.slice(start, start + period).reduce((sum, { logprob }) => sum + (logprob ?? 0), 0)))),
    weights: () => beforeEach(length, (index) => Number(index >= starts[0]!)),
  }
}

/** Later repetitions follow from the earlier ones. */
const REPETITIONS_READ = 3

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
