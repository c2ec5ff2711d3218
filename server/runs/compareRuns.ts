// Two runs side by side: where they first differ, and which token of one stands for which of the other.
import type { RunDetail, RunToken } from '../protocol/requests'

/** A token of each run that stand for each other; null where one run has no counterpart. */
export interface TokenPair {
  readonly before: RunToken | null
  readonly after: RunToken | null
}

export interface RunComparison {
  /** Position of the first token that differs, or null when the runs' tokens are equal. */
  readonly firstDifference: number | null
  /** In reading order; equal tokens stand together, changed ones side by side. */
  readonly pairs: readonly TokenPair[]
}

/** A table of more cells than this is not filled; the tokens are then paired by position. */
const MOST_CELLS = 4_000_000

/** Aligns two runs by their longest common subsequence of token ids, after the start that they share. */
export function compareRuns(before: Pick<RunDetail, 'tokens'>, after: Pick<RunDetail, 'tokens'>): RunComparison {
  const a = before.tokens
  const b = after.tokens
  let shared = 0
  while (shared < a.length && shared < b.length && a[shared]!.id === b[shared]!.id) shared++
  const equal = a.slice(0, shared).map((token, index) => ({ before: token, after: b[index]! }))
  const differs = shared < a.length || shared < b.length
  return { firstDifference: differs ? shared : null, pairs: [...equal, ...align(a.slice(shared), b.slice(shared))] }
}

function align(a: readonly RunToken[], b: readonly RunToken[]): TokenPair[] {
  const pairs: TokenPair[] = []
  let startA = 0
  let startB = 0
  const pairChanged = (endA: number, endB: number): void => {
    for (; startA < endA || startB < endB; startA++, startB++) pairs.push({ before: startA < endA ? a[startA]! : null, after: startB < endB ? b[startB]! : null })
    startA = endA
    startB = endB
  }
  for (const [i, j] of a.length * b.length > MOST_CELLS ? [] : commonTokens(a, b)) {
    pairChanged(i, j)
    pairs.push({ before: a[i]!, after: b[j]! })
    startA = i + 1
    startB = j + 1
  }
  pairChanged(a.length, b.length)
  return pairs
}

/** Index pairs of a longest common subsequence of token ids. */
function commonTokens(a: readonly RunToken[], b: readonly RunToken[]): [number, number][] {
  const width = b.length + 1
  // lengths[i, j]: longest common subsequence of a from i on and b from j on.
  const lengths = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] = a[i]!.id === b[j]!.id ? lengths[(i + 1) * width + j + 1]! + 1 : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
  const common: [number, number][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]!.id === b[j]!.id) common.push([i++, j++])
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++
    else j++
  }
  return common
}
