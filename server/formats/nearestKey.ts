// Finds the key that someone who mistyped it may have meant.

/** The known key that `key` is a slip of: written in another way (`top_p` for topP) or off by a letter or two; null when it is more likely another key. */
export function nearestKey(key: string, known: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const ranked = known.map((candidate) => ({ candidate, distance: distance(plain(key), plain(candidate)) })).sort((a, b) => a.distance - b.distance)[0]
  // Of a short word, two letters are half.
  return ranked && ranked.distance <= (ranked.candidate.length > 6 ? 2 : 1) ? ranked.candidate : null
}

/** Letters to insert, delete or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
