// Residuals whose features nobody waits for yet: encoded together, because one product over many rows reads the encoder's weights once.
import type { TopK } from './layerEncoder'
import type { SaeSessions } from './saeSessions'

export interface ReadingQueue {
  /** Takes rows of a layer, `x` (n, d_model), which must not change afterwards; `complete` is called for each row when it has been encoded. */
  add(layer: number, x: Float32Array, complete: (row: number, top: TopK) => void): void
  /** Encodes what was taken. */
  flush(): Promise<void>
}

interface Waiting {
  readonly x: Float32Array
  readonly complete: (row: number, top: TopK) => void
}

export function createReadingQueue(saes: SaeSessions | null, dModel: number): ReadingQueue {
  let waiting = new Map<number, Waiting[]>()
  return {
    add(layer, x, complete) {
      if (x.length > 0) waiting.set(layer, [...(waiting.get(layer) ?? []), { x, complete }])
    },
    async flush() {
      const taken = waiting
      waiting = new Map()
      for (const [layer, parts] of taken) {
        const { tops } = await saes!.encode(layer, joined(parts.map(({ x }) => x)))
        let first = 0
        for (const { x, complete } of parts) {
          const rows = x.length / dModel
          for (let row = 0; row < rows; row++) complete(row, tops[first + row]!)
          first += rows
        }
      }
    },
  }
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  if (arrays.length === 1) return arrays[0]!
  const result = new Float32Array(arrays.reduce((length, array) => length + array.length, 0))
  let at = 0
  for (const array of arrays) {
    result.set(array, at)
    at += array.length
  }
  return result
}
