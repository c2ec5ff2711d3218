// Which positions of a sequence are computed next, and from which layer on.
import { cutTokens, type Sequence } from './sequence/sequence'

/** The layer that the next `count` positions can start from, because it is kept for all of them. */
export function startLayer({ residuals, positions, state }: Sequence, count: number): number | null {
  return state.hasStates ? null : residuals.highestAt(positions + count - 1)
}

/**
 * Where the prompt's next chunk, of at most `most` positions, ends: where what is kept of the layers below ends, too. The last token goes by itself
 * when a state is to be kept before it: another run of the same prompt, which chooses its first token anew, starts there.
 */
export function chunkEnd({ positions, residuals, state }: Sequence, promptLength: number, most: number): number {
  const end = Math.min(positions + most, promptLength)
  if (state.hasStates) return end === promptLength && positions < promptLength - 1 ? promptLength - 1 : end
  const highest = residuals.highestAt(positions)
  return highest === null ? end : Math.min(end, residuals.rows(highest))
}

/** Cuts the sequence where the tokens that it remembers from `first` on are not these. */
export function cutOtherTokens(sequence: Sequence, tokenIds: readonly number[], first: number): void {
  const other = tokenIds.findIndex((token, row) => sequence.records[first + row] !== undefined && sequence.records[first + row]!.token !== token)
  if (other >= 0) cutTokens(sequence, first + other)
}
