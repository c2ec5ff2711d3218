// One line of the benchmarks' table: what was measured, ours and theirs side by side, their ratio, and what it should be.

export interface Row {
  /** The part that measured it, as `--only` names it. */
  readonly part: string
  readonly what: string
  /** With its unit. */
  readonly ours: string
  readonly theirs: string
  readonly ratio: number | null
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

/** `ratio` is compared with the target exactly, not as it is printed. */
export function row(part: string, what: string, ours: string, theirs: string, ratio: number | null, target: Target | null, samples: Row['samples'] = {}): Row {
  return { part, what, ours, theirs, ratio, target: target && targetText(target), reached: ratio === null || target === null ? null : meets(ratio, target), samples }
}

export function meets(value: number, { atLeast = -Infinity, atMost = Infinity }: Target): boolean {
  return value >= atLeast && value <= atMost
}

function targetText({ atLeast, atMost }: Target): string {
  return atLeast !== undefined ? `≥ ${plain(atLeast)}` : `≤ ${plain(atMost!)}`
}

const plain = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value * 1000) / 1000))

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
