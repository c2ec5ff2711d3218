// Keys and values of the positions computed so far, one pair of arrays per layer that attends, laid out as the graph reads them.

export interface KvShape {
  /** Indices of the layers that have keys and values. */
  readonly layers: readonly number[]
  readonly kvHeads: number
  readonly headDim: number
}

/** Rows are added in steps of this many positions: small, because masked rows cost attention time too. */
const GROWTH = 128

/** A cache that grows; each array is (kv_heads, capacity, head_dim). Which rows hold something is the caller's knowledge. */
export class KvCache {
  private readonly keys = new Map<number, Float32Array>()
  private readonly values = new Map<number, Float32Array>()
  capacity = 0

  constructor(readonly shape: KvShape) {
    for (const arrays of [this.keys, this.values]) for (const layer of shape.layers) arrays.set(layer, new Float32Array(0))
  }

  get bytes(): number {
    return 2 * 4 * this.shape.layers.length * this.shape.kvHeads * this.shape.headDim * this.capacity
  }

  key(layer: number): Float32Array {
    return this.keys.get(layer)!
  }

  value(layer: number): Float32Array {
    return this.values.get(layer)!
  }

  /** Makes room for `rows` positions and keeps what is there. */
  reserve(rows: number): void {
    if (rows <= this.capacity) return
    const capacity = Math.ceil(rows / GROWTH) * GROWTH
    for (const arrays of [this.keys, this.values]) {
      for (const [layer, array] of arrays) arrays.set(layer, this.relaid(array, this.capacity, capacity, this.capacity))
    }
    this.capacity = capacity
  }

  /** Writes `count` positions from `first` on; the rows are (kv_heads, count, head_dim). There must be room. */
  write(layer: number, newKeys: Float32Array, newValues: Float32Array, first: number, count: number): void {
    const { kvHeads, headDim } = this.shape
    for (let head = 0; head < kvHeads; head++) {
      const from = head * count * headDim
      const to = (head * this.capacity + first) * headDim
      this.key(layer).set(newKeys.subarray(from, from + count * headDim), to)
      this.value(layer).set(newValues.subarray(from, from + count * headDim), to)
    }
  }

  /** A cache of its own with the first `rows(layer)` positions of each layer. */
  copyPrefix(rows: (layer: number) => number): KvCache {
    const copy = new KvCache(this.shape)
    const { layers } = this.shape
    copy.capacity = Math.ceil(Math.max(0, ...layers.map(rows)) / GROWTH) * GROWTH
    for (const layer of layers) {
      copy.keys.set(layer, this.relaid(this.key(layer), this.capacity, copy.capacity, rows(layer)))
      copy.values.set(layer, this.relaid(this.value(layer), this.capacity, copy.capacity, rows(layer)))
    }
    return copy
  }

  private relaid(array: Float32Array, oldCapacity: number, newCapacity: number, rows: number): Float32Array {
    const { kvHeads, headDim } = this.shape
    const result = new Float32Array(kvHeads * newCapacity * headDim)
    for (let head = 0; head < kvHeads; head++) {
      result.set(array.subarray(head * oldCapacity * headDim, (head * oldCapacity + rows) * headDim), head * newCapacity * headDim)
    }
    return result
  }
}
