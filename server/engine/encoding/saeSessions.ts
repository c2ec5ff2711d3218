// The SAEs of a set at work: an encoder per layer that is read, opened when it is first needed and let go when others need the room.
import type { SaeSet } from '../../checkpoint/checkpoint'
import type { QuantisedCache } from '../../checkpoint/quantisedCache'
import { columnNorms } from '../../checkpoint/storedTensor'
import { needsDecoderNorms } from '../../graph/sae'
import { InputError } from '../../protocol/errors'
import { hasCandidates, openCandidateEncoder, type EncoderCounts } from './candidateEncoder'
import { openExactEncoder } from './exactEncoder'
import { scaledRows, tokenScale, type TokenScale } from './inputScale'
import type { LayerEncoder, TopK } from './layerEncoder'
import type { SaeSessionOptions } from './openSaeGraph'
import { quantisedSaeEncoder } from './quantisedSaeEncoder'
import { openReconstruction, type SaeReconstruction } from './reconstruction'
import { createResidents } from './residents'
import { readScatteredColumn } from './scatteredColumn'

export interface Encoded {
  /** By row. */
  readonly tops: readonly TopK[]
  readonly scales: readonly TokenScale[]
}

export interface SaeSessions {
  readonly set: SaeSet
  /** Encodes the rows of `x` (T, d_model). */
  encode(layer: number, x: Float32Array): Promise<Encoded>
  /** What one unit of the feature's activation adds to a reconstruction that is not scaled, (d_model). */
  direction(layer: number, feature: number): Promise<Float32Array>
  /** ‖x − x̂‖² / ‖x‖² of each row of `x` (T, d_model), which `encoded` came from. */
  reconstructionError(layer: number, x: Float32Array, encoded: Encoded): Promise<Float32Array>
  /** How the rows that were encoded from candidates were decided. */
  readonly counts: Readonly<EncoderCounts>
  /** Memory that the encoders take at most, weights that stay in their file included. */
  readonly residentBytes: number
  release(): Promise<void>
}

export interface SaeSessionsOptions extends SaeSessionOptions {
  /** Where encoders rounded to 8 bits are kept; without it all are encoded in float32 arithmetic, which is slower and takes more memory. */
  readonly cache?: QuantisedCache
  /** Weights of W_enc from which on candidates are used; default 16 M: below, float32 arithmetic over all takes no longer. */
  readonly candidatesFrom?: number
  /** What encoders may take together before the one that was not used for longest is let go; default 1 GiB. */
  readonly residentLimitBytes?: number
  /** Told while the encoder of a layer is rounded and written, which is once per layer and user. */
  readonly onProgress?: (progress: { readonly layer: number; readonly fraction: number }) => void
}

const CANDIDATES_FROM = 16 * 1024 * 1024

const RESIDENT_LIMIT_BYTES = 1024 ** 3

/** From so many rows on a layer for which there is no room is encoded in passing, from its file: to open its candidates takes longer than that. */
const ROWS_IN_PASSING = 32

/** `layer` must be one of the set's in every call. */
export function createSaeSessions(set: SaeSet, options: SaeSessionsOptions): SaeSessions {
  const { cache, onProgress, candidatesFrom = CANDIDATES_FROM, residentLimitBytes = RESIDENT_LIMIT_BYTES } = options
  const encoders = createResidents<LayerEncoder>(residentLimitBytes)
  const reconstructions = createResidents<SaeReconstruction>(residentLimitBytes)
  const directions = new Map<string, Promise<Float32Array>>()
  const norms = new Map<number, Promise<Float32Array | null>>()
  const counts: EncoderCounts = { rows: 0, widened: 0, exact: 0 }
  const isOnCpu = options.providers.every((provider) => provider === 'cpu')

  const normsOf = (layer: number): Promise<Float32Array | null> =>
    remember(norms, layer, async () => {
      const sae = set.layers.get(layer)!
      return needsDecoderNorms(sae) ? columnNorms(sae.W_dec) : null
    })
  const openExact = async (layer: number): Promise<LayerEncoder> => openExactEncoder(set.layers.get(layer)!, await normsOf(layer), options)
  const open = async (layer: number): Promise<LayerEncoder> => {
    const sae = set.layers.get(layer)!
    if (!cache || !isOnCpu || !hasCandidates(sae) || set.dModel * set.dSae < candidatesFrom) return openExact(layer)
    const quantised = await quantisedSaeEncoder(set.path, sae, cache, (done, total) => onProgress?.({ layer, fraction: done / total })).catch((error: unknown) => {
      // A full disk or a folder that cannot be written to costs speed, not results.
      if (error instanceof InputError) return null
      throw error
    })
    return quantised ? openCandidateEncoder(sae, quantised, { ...options, exact: () => openExact(layer), counts }) : openExact(layer)
  }

  return {
    set,
    counts,
    get residentBytes() {
      return encoders.bytes
    },
    async encode(layer, x) {
      const { scale } = set.layers.get(layer)!.input
      const rows = x.length / set.dModel
      const scales = Array.from({ length: rows }, (_, row) => tokenScale(scale, x.subarray(row * set.dModel, (row + 1) * set.dModel)))
      const work = (encoder: LayerEncoder): Promise<TopK[]> => encoder.encode(scaledRows(x, scales))
      const isInPassing = rows >= ROWS_IN_PASSING && !encoders.has(layer) && !encoders.hasRoom
      return { tops: isInPassing ? await inPassing(await openExact(layer), work) : await encoders.use(layer, () => open(layer), work), scales }
    },
    direction: (layer, feature) =>
      remember(directions, `${layer}/${feature}`, async () => {
        const sae = set.layers.get(layer)!
        const column = await readScatteredColumn(sae.W_dec, feature)
        if (sae.decoderNorm !== 'folded') return column
        const norm = (await normsOf(layer))![feature]!
        return norm > 0 ? column.map((value) => value / norm) : column
      }),
    reconstructionError: async (layer, x, { tops, scales }) => {
      const openOne = async (): Promise<SaeReconstruction> => openReconstruction(set.layers.get(layer)!, await normsOf(layer), options)
      return reconstructions.use(layer, openOne, (reconstruction) => reconstruction.error(x, tops, scales))
    },
    async release() {
      await encoders.release()
      await reconstructions.release()
      directions.clear()
    },
  }
}

async function inPassing<Result>(encoder: LayerEncoder, work: (encoder: LayerEncoder) => Promise<Result>): Promise<Result> {
  try {
    return await work(encoder)
  } finally {
    await encoder.release()
  }
}

/** What is stored under the key, made when it is first asked for; a failure is forgotten so that it can be tried again. */
function remember<Key, Value>(store: Map<Key, Promise<Value>>, key: Key, make: () => Promise<Value>): Promise<Value> {
  let value = store.get(key)
  if (!value) {
    value = make()
    store.set(key, value)
    value.catch(() => store.delete(key))
  }
  return value
}
