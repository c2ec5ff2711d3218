// What a label begins with, for where the whole of it has no room.

/** `classical Chinese` of `classical Chinese 63 % · 平, 風`; `the token in` of `the token · in, co`, which says nothing without one. */
export function firstWords(label: string): string {
  const [kind = '', tokens] = label.split(' · ')
  const first = kind.split(/, | \d/)[0]!
  return first === 'the token' && tokens ? `${first} ${tokens.split(', ')[0]}` : first
}
