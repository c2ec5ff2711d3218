// What a label begins with, for where the whole of it has no room.

/** `classical Chinese` of `classical Chinese 63 % · 平, 風`. */
export function firstWords(label: string): string {
  return label.split(/ · |, | \d/)[0]!
}
