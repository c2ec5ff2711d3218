// resid_post as it arrived at some layers, position by position: from there a layer is read, edited or run on without computing what lies below.

import { roomFor, type ArrayPool } from './arrayPool'

interface Kept {
  /** (capacity, d_model) */
  values: Float32Array
  rows: number
  /** Rows at the start that are not here but in another store. */
  leftOut: number
}

/** Each layer that is kept holds its first `rows(layer)` positions; every layer below it has been computed at these positions, too. */
export class ResidualStore {
  private readonly kept = new Map<number, Kept>()

  constructor(
    private readonly dModel: number,
    private readonly pool: ArrayPool,
  ) {}

  get layers(): readonly number[] {
    return [...this.kept.keys()].sort((a, b) => a - b)
  }

  get bytes(): number {
    return [...this.kept.values()].reduce((sum, { values }) => sum + values.byteLength, 0)
  }

  /** 0 for a layer that is not kept. */
  rows(layer: number): number {
    return this.kept.get(layer)?.rows ?? 0
  }

  /** Positions at which `layer` has been computed, as far as a kept layer at or above it tells. */
  computedAt(layer: number): number {
    return Math.max(0, ...this.layers.filter((kept) => kept >= layer).map((kept) => this.rows(kept)))
  }

  /** The highest layer that is kept at `position`; null where none is. */
  highestAt(position: number): number | null {
    return this.layers.findLast((layer) => this.rows(layer) > position) ?? null
  }

  /** Keeps `x` (T, d_model) at positions first … first + T − 1. Positions that do not follow on those kept are passed over. */
  keep(layer: number, x: Float32Array, first: number): void {
    const kept = this.kept.get(layer) ?? { values: new Float32Array(0), rows: 0, leftOut: 0 }
    if (first > kept.rows) return
    const end = first + x.length / this.dModel
    if (end * this.dModel > kept.values.length) {
      const grown = this.pool.take(residualArrayLength(end, this.dModel))
      grown.set(kept.values.subarray(0, kept.rows * this.dModel))
      this.pool.give(kept.values)
      kept.values = grown
    }
    kept.values.set(x, first * this.dModel)
    kept.rows = Math.max(kept.rows, end)
    this.kept.set(layer, kept)
  }

  /** A copy of rows first … end − 1, (end − first, d_model). */
  read(layer: number, first: number, end: number): Float32Array {
    return this.kept.get(layer)!.values.slice(first * this.dModel, end * this.dModel)
  }

  /** Gives up the first `rows` positions, which another store holds as well. Until `unfold` nothing can be read or kept. */
  fold(rows: number): void {
    for (const kept of this.kept.values()) {
      const leftOut = Math.min(rows, kept.rows)
      const tail = kept.values.slice(leftOut * this.dModel, kept.rows * this.dModel)
      this.pool.give(kept.values)
      Object.assign(kept, { values: tail, leftOut })
    }
  }

  /** Takes the positions that were given up from `source`. */
  unfold(source: ResidualStore): void {
    for (const [layer, kept] of this.kept) {
      const values = this.pool.take(residualArrayLength(kept.rows, this.dModel))
      if (kept.leftOut > 0) values.set(source.kept.get(layer)!.values.subarray(0, kept.leftOut * this.dModel))
      values.set(kept.values.subarray(0, (kept.rows - kept.leftOut) * this.dModel), kept.leftOut * this.dModel)
      Object.assign(kept, { values, leftOut: 0 })
    }
  }

  /** Gives the arrays back; the store must not be used any more. */
  release(): void {
    for (const { values, leftOut } of this.kept.values()) if (leftOut === 0) this.pool.give(values)
  }

  /** Forgets everything from `position` on. */
  cut(position: number): void {
    for (const kept of this.kept.values()) kept.rows = Math.min(kept.rows, position)
  }

  /** A store of its own with at most the first `rows(layer)` positions of each layer. */
  copyPrefix(rows: (layer: number) => number): ResidualStore {
    const copy = new ResidualStore(this.dModel, this.pool)
    for (const layer of this.layers) {
      const count = Math.min(rows(layer), this.rows(layer))
      if (count > 0) copy.keep(layer, this.kept.get(layer)!.values.subarray(0, count * this.dModel), 0)
    }
    return copy
  }
}

/** Numbers in the array of a layer that is kept at `rows` positions. */
export function residualArrayLength(rows: number, dModel: number): number {
  return roomFor(rows) * dModel
}

/** Layers between two that are kept whatever is read: with four, an edit costs at most three layers more than those above it. */
const SPACING = 4

/** Layers kept at every position: evenly spread, and the last, from which logits are computed. */
export function alwaysKept(layers: number): readonly number[] {
  return Array.from({ length: layers }, (_, layer) => layer).filter((layer) => (layer + 1) % SPACING === 0 || layer === layers - 1)
}
