// Two completions of the same prompt compared: aligned token by token until they part. Pure.
import type { RunDetail, RunSummary, RunToken } from '../../server/protocol/requests'

/** What came of the edits, in one word for the view to put into a sentence. */
export type Verdict =
  | 'noEdits'
  /** Both were made with the same edits. */
  | 'sameEdits'
  /** No edit that the other run lacks changed any residual. */
  | 'neverFired'
  /** The edits differ and did something, and the same tokens came out. */
  | 'sameTokens'
  | 'different'
  /** The run goes on and has not parted from the original yet. */
  | 'sameSoFar'

/** What the two completions share and where they part. */
export interface Comparison {
  readonly original: readonly RunToken[]
  readonly edited: readonly RunToken[]
  /** Generated tokens that are equal from the start. */
  readonly same: number
  /** Place in both completions of the first token that differs or that only one has; null while all are equal. */
  readonly firstDifference: number | null
  readonly verdict: Verdict
  /** Among the equal tokens, the one whose probability moved most; null when there are none. */
  readonly largestShift: { readonly place: number; readonly before: number; readonly after: number } | null
}

/** The edits that the original was made without. */
export function newEdits(original: RunDetail, run: RunDetail): RunDetail['edits'] {
  const before = new Set(original.edits.map(({ edit }) => edit))
  return run.edits.filter(({ edit }) => !before.has(edit))
}

/** What a run is called beside the one that it is compared with: by what it is while one has edits and the other none, else by its number. */
export function sideNames(original: RunSummary, run: RunSummary): { readonly original: string; readonly run: string } {
  const plain = original.edits.length === 0 && run.edits.length > 0
  return { original: plain ? 'Original' : shortName(original), run: plain ? 'Edited' : shortName(run) }
}

/** `#6` of `drift.prompt #6`, `#6.2` of a branch of it. */
export function shortName({ name }: RunSummary): string {
  return /#\d+(\.\d+)?$/.exec(name)?.[0] ?? name
}

/** Compares completions token by token; the prompts need not be equal. */
export function compareRuns(original: RunDetail, run: RunDetail): Comparison {
  const left = original.tokens.filter(({ generated }) => generated)
  const right = run.tokens.filter(({ generated }) => generated)
  let same = 0
  while (same < left.length && same < right.length && left[same]!.id === right[same]!.id) same++
  const growing = run.status.kind === 'running' || run.status.kind === 'paused'
  const parted = same < right.length || (!growing && same < left.length)
  return {
    original: left,
    edited: right,
    same,
    firstDifference: parted ? same : null,
    verdict: parted ? 'different' : growing ? 'sameSoFar' : verdictOnSameTokens(original, run),
    largestShift: largestShift(left.slice(0, same), right.slice(0, same)),
  }
}

function verdictOnSameTokens(original: RunDetail, run: RunDetail): Verdict {
  if (run.edits.length === 0) return original.edits.length === 0 ? 'noEdits' : 'sameTokens'
  const added = newEdits(original, run)
  if (added.length === 0) return run.edits.length === original.edits.length ? 'sameEdits' : 'sameTokens'
  return added.every(({ firedAt }) => firedAt.length === 0) ? 'neverFired' : 'sameTokens'
}

function largestShift(left: readonly RunToken[], right: readonly RunToken[]): Comparison['largestShift'] {
  let largest: Comparison['largestShift'] = null
  left.forEach((token, place) => {
    const before = token.logprob
    const after = right[place]!.logprob
    if (before === null || after === null) return
    if (!largest || Math.abs(Math.exp(after) - Math.exp(before)) > Math.abs(Math.exp(largest.after) - Math.exp(largest.before))) largest = { place, before, after }
  })
  return largest
}
