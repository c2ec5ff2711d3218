// Residuals whose features nobody waits for yet: encoded together, because one product over many rows reads the encoder's weights once.
import type { TopK } from './layerEncoder'
import type { SaeSessions } from './saeSessions'
import { joinedArrays } from '../joinedArrays'

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
        const { tops } = await saes!.encode(layer, joinedArrays(parts.map(({ x }) => x)))
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
