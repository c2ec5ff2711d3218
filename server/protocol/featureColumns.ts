// Feature tables by column: a layer's features on every token in three typed arrays, a tenth of the memory that objects take, and ready for the disk.
import type { FeatureActivation, FeatureLists } from './values'

/** A layer's features on the tokens of a run, token after token, highest activation first. */
export interface FeatureColumns {
  /** By token: where its entries end; they begin where those of the token before end. (token) */
  readonly ends: Uint32Array
  /** (entry) */
  readonly features: Uint32Array
  /** (entry) */
  readonly activations: Float32Array
}

/** By layer. */
export interface FeatureTable {
  readonly [layer: number]: FeatureColumns
}

/** Columns that grow by a token at a time. */
export interface GrowingColumns {
  push(entries: readonly FeatureActivation[]): void
  readonly tokens: number
  /** What there is now; stays as it is while more is pushed. */
  columns(): FeatureColumns
}

/** `room` is for so many tokens and entries; more comes when it is needed. */
export function growColumns(room = { tokens: 64, entries: 1024 }): GrowingColumns {
  let ends = new Uint32Array(room.tokens)
  let features = new Uint32Array(room.entries)
  let activations = new Float32Array(room.entries)
  let tokens = 0
  let entries = 0
  return {
    push(list) {
      if (tokens === ends.length) ends = longer(ends, new Uint32Array(2 * tokens + 1))
      if (entries + list.length > features.length) {
        const length = Math.max(2 * features.length, entries + list.length)
        features = longer(features, new Uint32Array(length))
        activations = longer(activations, new Float32Array(length))
      }
      for (const { feature, activation } of list) {
        features[entries] = feature
        activations[entries++] = activation
      }
      ends[tokens++] = entries
    },
    get tokens() {
      return tokens
    },
    columns: () => ({ ends: ends.subarray(0, tokens), features: features.subarray(0, entries), activations: activations.subarray(0, entries) }),
  }
}

function longer<Column extends Uint32Array | Float32Array>(column: Column, next: Column): Column {
  next.set(column)
  return next
}

/** Columns of lists, one list per token. */
export function packFeatures(tokens: readonly (readonly FeatureActivation[])[]): FeatureColumns {
  const growing = growColumns({ tokens: tokens.length, entries: tokens.reduce((sum, { length }) => sum + length, 0) })
  for (const entries of tokens) growing.push(entries)
  return growing.columns()
}

/** The columns of each layer. */
export function packTable(lists: FeatureLists): FeatureTable {
  return Object.fromEntries(Object.entries(lists).map(([layer, tokens]) => [layer, packFeatures(tokens)]))
}

/** The layers of a table, ascending. */
export function layersOf(table: FeatureTable): number[] {
  return Object.keys(table).map(Number)
}

/** A token's features; none where the layer was not read or does not reach so far. At most `most`, the strongest. */
export function featuresOn(columns: FeatureColumns | undefined, token: number, most = Infinity): FeatureActivation[] {
  const [start, end] = entriesOf(columns, token)
  return Array.from({ length: Math.min(most, end - start) }, (_, i) => ({ feature: columns!.features[start + i]!, activation: columns!.activations[start + i]! }))
}

/** A feature's activation on a token, 0 where it is not among those recorded. */
export function activationOn(columns: FeatureColumns | undefined, token: number, feature: number): number {
  const [start, end] = entriesOf(columns, token)
  for (let entry = start; entry < end; entry++) if (columns!.features[entry] === feature) return columns!.activations[entry]!
  return 0
}

/** The greatest activation on a token, 0 where none fires. */
export function greatestOn(columns: FeatureColumns, token: number): number {
  const [start, end] = entriesOf(columns, token)
  return start < end ? columns.activations[start]! : 0
}

/** Where a token's entries begin and end. */
export function entriesOf(columns: FeatureColumns | undefined, token: number): readonly [start: number, end: number] {
  if (columns === undefined || token < 0 || token >= columns.ends.length) return [0, 0]
  return [token === 0 ? 0 : columns.ends[token - 1]!, columns.ends[token]!]
}
