// Reads the feature tables of run files of version 1, which held them as base64 within JSON.
import type { FeatureColumns, FeatureTable } from '../protocol/featureColumns'

/** By layer and column, as base64 of little-endian numbers: uint32 how many on each token, uint32 index and float64 activation of each. */
export interface TableOfVersion1 {
  readonly [layer: string]: { readonly counts: string; readonly features: string; readonly activations: string }
}

export function unpackTableOfVersion1(table: TableOfVersion1): FeatureTable {
  return Object.fromEntries(Object.entries(table).map(([layer, { counts, features, activations }]): [string, FeatureColumns] => {
    let end = 0
    return [layer, {
      ends: new Uint32Array(fromBase64(counts)).map((count) => (end += count)),
      features: new Uint32Array(fromBase64(features)),
      activations: Float32Array.from(new Float64Array(fromBase64(activations))),
    }]
  }))
}

/** A fresh buffer whose start is aligned for any number type. */
function fromBase64(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text, 'base64')).buffer
}
