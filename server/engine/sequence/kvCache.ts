// Keys and values of the positions computed so far, one pair of arrays per layer that attends, laid out as the graph reads them.
import { roomFor, type ArrayPool } from './arrayPool'

export interface KvShape {
  /** Indices of the layers that have keys and values. */
  readonly layers: readonly number[]
  readonly kvHeads: number
  readonly headDim: number
}

/** Rows are added in steps of this many positions: small, because masked rows cost attention time too. */
const GROWTH = 128

/** Some systems promise memory only as long as they have it, and runs most often end sooner than they may. */
const MOST_EXPECTED = 8192

/** A cache that grows; each array is (kv_heads, capacity, head_dim). Which rows hold something is the caller's knowledge. */
export class KvCache {
  /** (kv_heads, room, head_dim), of which the first kv_heads · capacity · head_dim numbers are in use. */
  private readonly keys = new Map<number, Float32Array>()
  private readonly values = new Map<number, Float32Array>()
  private room = 0
  private expected = 0
  /** The positions that are here when others have been given up. */
  private folded: { readonly first: number; readonly end: number } | null = null
  capacity = 0

  constructor(
    readonly shape: KvShape,
    private readonly pool: ArrayPool,
  ) {
    for (const arrays of [this.keys, this.values]) for (const layer of shape.layers) arrays.set(layer, new Float32Array(0))
  }

  get bytes(): number {
    const rows = this.folded ? this.folded.end - this.folded.first : this.capacity
    return 2 * 4 * this.shape.layers.length * this.shape.kvHeads * this.shape.headDim * rows
  }

  key(layer: number): Float32Array {
    return this.used(this.keys.get(layer)!)
  }

  value(layer: number): Float32Array {
    return this.used(this.values.get(layer)!)
  }

  /** Tells how many positions there will be, as far as is known, so that arrays need not be replaced on the way. */
  expect(rows: number): void {
    this.expected = Math.ceil(Math.min(rows, MOST_EXPECTED) / GROWTH) * GROWTH
  }

  /** Makes room for `rows` positions and keeps what is there. */
  reserve(rows: number): void {
    if (rows <= this.capacity) return
    const capacity = Math.ceil(rows / GROWTH) * GROWTH
    const room = capacity <= this.room ? this.room : roomFor(Math.max(capacity, this.expected, Math.min(2 * this.room, this.room + MOST_EXPECTED)))
    for (const arrays of [this.keys, this.values]) {
      for (const [layer, array] of arrays) {
        if (room === this.room) this.spread(array, capacity)
        else {
          arrays.set(layer, this.relaid(array, capacity, this.capacity, room))
          this.pool.give(array)
        }
      }
    }
    this.room = room
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

  /** Makes rows zero again: what is not a number would get through any mask. */
  clear(layer: number, first: number, count: number): void {
    const { kvHeads, headDim } = this.shape
    for (const array of [this.keys.get(layer), this.values.get(layer)]) {
      for (let head = 0; head < kvHeads; head++) array?.fill(0, (head * this.capacity + first) * headDim, (head * this.capacity + first + count) * headDim)
    }
  }

  /** Gives up the first `first` positions, which another cache holds as well, and all from `rows` on, where nothing is. Until `unfold` nothing can be read or written. */
  fold(first: number, rows: number): void {
    const { kvHeads, headDim } = this.shape
    const end = Math.min(rows, this.capacity)
    this.folded = { first, end }
    for (const arrays of [this.keys, this.values]) {
      for (const [layer, array] of arrays) {
        const rest = new Float32Array(kvHeads * (end - first) * headDim)
        for (let head = 0; head < kvHeads; head++) rest.set(array.subarray((head * this.capacity + first) * headDim, (head * this.capacity + end) * headDim), head * (end - first) * headDim)
        arrays.set(layer, rest)
        this.pool.give(array)
      }
    }
  }

  /** Takes the positions that were given up from `source`. */
  unfold(source: KvCache): void {
    const { kvHeads, headDim } = this.shape
    const { first, end } = this.folded!
    this.room = roomFor(Math.max(this.capacity, this.expected))
    for (const [arrays, whole] of [[this.keys, source.keys], [this.values, source.values]] as const) {
      for (const [layer, rest] of arrays) {
        const array = source.relaid(whole.get(layer)!, this.capacity, first, this.room)
        for (let head = 0; head < kvHeads; head++) array.set(rest.subarray(head * (end - first) * headDim, (head + 1) * (end - first) * headDim), (head * this.capacity + first) * headDim)
        arrays.set(layer, array)
      }
    }
    this.folded = null
  }

  /** A cache of its own with the first `rows(layer)` positions of each layer. */
  copyPrefix(rows: (layer: number) => number): KvCache {
    const copy = new KvCache(this.shape, this.pool)
    const { layers } = this.shape
    copy.capacity = Math.ceil(Math.max(0, ...layers.map(rows)) / GROWTH) * GROWTH
    copy.room = roomFor(Math.max(copy.capacity, this.expected))
    for (const layer of layers) {
      copy.keys.set(layer, this.relaid(this.keys.get(layer)!, copy.capacity, rows(layer), copy.room))
      copy.values.set(layer, this.relaid(this.values.get(layer)!, copy.capacity, rows(layer), copy.room))
    }
    return copy
  }

  /** Gives the arrays back; the cache must not be used any more. */
  release(): void {
    if (!this.folded) for (const arrays of [this.keys, this.values]) for (const array of arrays.values()) this.pool.give(array)
  }

  private used(array: Float32Array): Float32Array {
    return array.subarray(0, this.shape.kvHeads * this.capacity * this.shape.headDim)
  }

  /** A new array with the first `rows` positions of each head, laid out for another capacity. */
  private relaid(array: Float32Array, capacity: number, rows: number, room: number): Float32Array {
    const { kvHeads, headDim } = this.shape
    const result = this.pool.take(kvHeads * room * headDim)
    for (let head = 0; head < kvHeads; head++) {
      result.set(array.subarray(head * this.capacity * headDim, (head * this.capacity + rows) * headDim), head * capacity * headDim)
    }
    return result
  }

  /** Lays an array out for a greater capacity in its own place: the last head first, so that none is overwritten before it has moved. */
  private spread(array: Float32Array, capacity: number): void {
    const { kvHeads, headDim } = this.shape
    for (let head = kvHeads - 1; head >= 0; head--) {
      array.copyWithin(head * capacity * headDim, head * this.capacity * headDim, (head + 1) * this.capacity * headDim)
      array.fill(0, (head * capacity + this.capacity) * headDim, (head + 1) * capacity * headDim)
    }
  }
}

/** Lengths of the arrays of a cache of `rows` positions. */
export function kvArrayLengths({ layers, kvHeads, headDim }: KvShape, rows: number): readonly number[] {
  return Array.from({ length: 2 * layers.length }, () => kvHeads * roomFor(rows) * headDim)
}
