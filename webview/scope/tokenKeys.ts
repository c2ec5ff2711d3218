// Which token a key leads to from another: reading order, lines as they are laid out, both ends.

/** A box's place on the screen, as `getBoundingClientRect` tells it. */
export interface Place {
  readonly left: number
  readonly right: number
  readonly top: number
}

/** The index that `key` leads to, or null when the key is not ours. `placeOf` is asked only for the lines nearby. */
export function tokenFromKey(key: string, index: number, length: number, placeOf: (index: number) => Place): number | null {
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, index - 1)
    case 'ArrowRight':
      return Math.min(length - 1, index + 1)
    case 'Home':
      return 0
    case 'End':
      return length - 1
    case 'ArrowUp':
      return onNextLine(index, -1, length, placeOf)
    case 'ArrowDown':
      return onNextLine(index, 1, length, placeOf)
    default:
      return null
  }
}

/** The token of the next line in a direction that lies nearest below or above; the same token where there is no such line. */
function onNextLine(index: number, step: -1 | 1, length: number, placeOf: (index: number) => Place): number {
  const from = placeOf(index)
  const middle = (from.left + from.right) / 2
  let best = index
  let bestDistance = Infinity
  let lineTop: number | null = null
  for (let i = index + step; i >= 0 && i < length; i += step) {
    const place = placeOf(i)
    if (Math.abs(place.top - from.top) < 2) continue
    lineTop ??= place.top
    if (Math.abs(place.top - lineTop) >= 2) break
    const distance = Math.abs((place.left + place.right) / 2 - middle)
    if (distance < bestDistance) [best, bestDistance] = [i, distance]
  }
  return best
}
