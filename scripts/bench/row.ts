// One line of the benchmarks' table: what was measured, ours and theirs side by side, their ratio, and what it should be.
import { median } from './median'

export interface Row {
  /** The part that measured it, as `--only` names it. */
  readonly part: string
  readonly what: string
  /** Medians with their unit. */
  readonly ours: string
  readonly theirs: string
  /** Of the medians; null where there is nothing to compare with. */
  readonly ratio: number | null
  /** Of the shortest measurements: nearest to a machine that does nothing else. */
  readonly best: number | null
  /** As the issue says it, `≥ 1.0`; null when none is set. */
  readonly target: string | null
  readonly reached: boolean | null
  /** Every single measurement, in the order they were taken, by what it is; times in milliseconds. */
  readonly samples: { readonly [name: string]: readonly number[] }
}

export interface Target {
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Comparison {
  readonly part: string
  readonly what: string
  /** Milliseconds. */
  readonly ours: readonly number[]
  /** Empty where there is nothing to compare with. */
  readonly theirs: readonly number[]
  /** `speed`: how many times faster ours is; `share`: how much of theirs ours takes. */
  readonly ratio: 'speed' | 'share'
  readonly target?: Target | null
  /** How times are told; default `msText`. */
  readonly oursText?: (ms: number) => string
  readonly theirsText?: (ms: number) => string
}

/** Ratios are compared with the target exactly, not as they are printed. */
export function compared({ part, what, ours, theirs, ratio: kind, target = null, oursText = msText, theirsText = msText }: Comparison): Row {
  const ratioOf = (mine: number, other: number): number => (kind === 'speed' ? other / mine : mine / other)
  const isCompared = theirs.length > 0
  const ratio = isCompared ? ratioOf(median(ours), median(theirs)) : null
  return {
    part, what, ours: oursText(median(ours)), theirs: isCompared ? theirsText(median(theirs)) : '', ratio, best: isCompared ? ratioOf(Math.min(...ours), Math.min(...theirs)) : null,
    target: isCompared && target ? targetText(target, (value) => (Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value * 1000) / 1000))) : null,
    reached: ratio === null || target === null ? null : meets(ratio, target), samples: { ours, theirs },
  }
}

export interface Amount {
  readonly part: string
  readonly what: string
  readonly values: readonly number[]
  readonly text: (value: number) => string
  /** In the unit of the values. */
  readonly target?: Target | null
  readonly theirs?: string
}

/** One figure of ours that stands for itself. */
export function amount({ part, what, values, text, target = null, theirs = '' }: Amount): Row {
  const value = median(values)
  return { part, what, ours: text(value), theirs, ratio: null, best: null, target: target && targetText(target, text), reached: target && meets(value, target), samples: { ours: values } }
}

function meets(value: number, { atLeast = -Infinity, atMost = Infinity }: Target): boolean {
  return value >= atLeast && value <= atMost
}

function targetText({ atLeast, atMost }: Target, text: (value: number) => string): string {
  return atLeast !== undefined ? `≥ ${text(atLeast)}` : `≤ ${text(atMost!)}`
}

/** Milliseconds for people: `48.3 ms`, `1.39 s`. */
export function msText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`
}

/** `20.7 tok/s (48.3 ms)`. */
export function speedText(msPerToken: number): string {
  return `${(1000 / msPerToken).toFixed(1)} tok/s (${msText(msPerToken)})`
}

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
