// Numbers and names as the panel writes them, so that columns line up and spoken text reads well.
import type { FeatureId } from '../../server/protocol/values'

/** `L14/6159`. */
export function featureName({ layer, feature }: FeatureId): string {
  return `L${layer}/${feature}`
}

/** True for equal features and for two nulls. */
export function sameFeature(a: FeatureId | null, b: FeatureId | null): boolean {
  return a === b || (a !== null && b !== null && a.layer === b.layer && a.feature === b.feature)
}

/** An activation with two decimals, one above a hundred; `0` alone when it did not fire. */
export function formatActivation(value: number): string {
  if (value === 0) return '0'
  return Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(1)
}

/** A natural-log probability as a percentage; `–` where there is none. */
export function formatProbability(logprob: number | null): string {
  if (logprob === null) return '–'
  const percent = Math.exp(logprob) * 100
  if (percent < 0.1) return '< 0.1 %'
  return percent < 99.95 ? `${percent.toFixed(1)} %` : '100 %'
}

/** A number with three significant digits, as edit lines are easiest to read. */
export function formatEditNumber(value: number): string {
  return String(Number(value.toPrecision(3)) + 0)
}

/** `1 token`, `2 tokens`. */
export function count(amount: number, noun: string): string {
  return `${amount.toLocaleString('en-US')} ${noun}${amount === 1 ? '' : 's'}`
}

/** `3–7, 12` of ascending whole numbers. */
export function rangesText(numbers: readonly number[]): string {
  const ranges: [number, number][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last && number === last[1] + 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}–${last}`)).join(', ')
}

/** Milliseconds as people say them: `85 ms`, `2.4 s`. */
export function formatDuration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
