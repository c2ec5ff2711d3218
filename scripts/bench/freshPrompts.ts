// Prompts of token ids of which no two begin alike, so that nothing comes from a cache.

export interface FreshPrompts {
  next(length: number): number[]
}

export function freshPrompts(vocabSize: number): FreshPrompts {
  let made = 0
  return {
    next(length) {
      const first = made++
      // A stride that shares no divisor with usual vocabulary sizes; the first id alone already differs.
      return Array.from({ length }, (_, index) => (first * 31 + index * 7919 + 17) % vocabSize)
    },
  }
}
