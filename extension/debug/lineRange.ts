// Which lines of a document to ask the debugger about: those in sight, never more than a document has or a screen can show.

// A view port that the editor reports without bounds must not read a book.
const MOST_LINES = 400

/** Both ends from 0 and included; null for an empty range. */
export function clampLines(first: number, last: number, lineCount: number): { readonly first: number; readonly last: number } | null {
  const from = Math.max(0, first)
  const to = Math.min(last, lineCount - 1, from + MOST_LINES - 1)
  return to < from ? null : { first: from, last: to }
}
