// Large arrays that are free again. The system gives the pages of a new array one by one as they are first written, which takes several times as long
// as writing to pages that are there: on some virtual machines a fifth of a second for the keys and values of a short run.

export interface ArrayPool {
  /** An array of zeros. */
  take(length: number): Float32Array
  /** Takes back an array that nobody uses any more. */
  give(array: Float32Array): void
  /** Makes arrays of these lengths ahead, one at each step, as far as there are none. */
  prepare(lengths: readonly number[]): Generator<void>
  readonly bytes: number
}

const LEAST_ROOM = 256

/** Rows that an array gets for so many positions: a power of two, so that arrays of one run serve another of about its length. */
export function roomFor(rows: number): number {
  return Math.max(LEAST_ROOM, 2 ** Math.ceil(Math.log2(rows)))
}

/** Keeps at most `limitBytes`; what comes beyond is left to the garbage collector. */
export function createArrayPool(limitBytes: number): ArrayPool {
  const free = new Map<number, Float32Array[]>()
  let bytes = 0

  const give = (array: Float32Array): void => {
    if (array.byteLength === 0 || bytes + array.byteLength > limitBytes) return
    bytes += array.byteLength
    const same = free.get(array.length)
    if (same) same.push(array)
    else free.set(array.length, [array])
  }
  return {
    take(length) {
      const array = free.get(length)?.pop()
      if (!array) return new Float32Array(length)
      bytes -= array.byteLength
      return array.fill(0)
    },
    give,
    *prepare(lengths) {
      const wanted = new Map<number, number>()
      for (const length of lengths) wanted.set(length, (wanted.get(length) ?? 0) + 1)
      for (const [length, count] of wanted) {
        while ((free.get(length)?.length ?? 0) < count && bytes + length * 4 <= limitBytes) {
          // Zeros are written so that the pages are there.
          give(new Float32Array(length).fill(0))
          yield
        }
      }
    },
    get bytes() {
      return bytes
    },
  }
}
