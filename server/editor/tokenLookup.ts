// Finds the token of a run at an offset of its document, or of the prompt file that it was made from.
import type { RunDetail, RunToken } from '../protocol/requests'
import type { TextRange } from '../protocol/values'

/** Which of a token's two places is meant. */
export type TokenPlace = 'range' | 'promptRange'

/** The token whose text covers the offset, or null. Of several tokens that make one character, the one that completes it. */
export function tokenAtOffset(run: Pick<RunDetail, 'tokens'>, offset: number, place: TokenPlace): RunToken | null {
  return run.tokens.find((token) => covers(token[place], offset)) ?? null
}

function covers(range: TextRange | null, offset: number): boolean {
  return range !== null && range.start <= offset && offset < range.end
}
