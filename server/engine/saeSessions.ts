// The SAEs of a set at work: an encoder per layer that is read, opened when it is first needed and let go when others need the room.
import type { SaeSet } from '../checkpoint/checkpoint'
import type { QuantisedCache } from '../checkpoint/quantisedCache'
import { columnNorms } from '../checkpoint/storedTensor'
import { needsDecoderNorms } from '../graph/sae'
import { saeDecoderGraph } from '../graph/saeDecoder'
import { hasCandidates, openCandidateEncoder, type EncoderCounts } from './candidateEncoder'
import { openExactEncoder } from './exactEncoder'
import { scaledRows, tokenScale, type TokenScale } from './inputScale'
import type { LayerEncoder, TopK } from './layerEncoder'
import { float32Data, float32Tensor, type Session } from './onnx'
import { openSaeGraph, type SaeSessionOptions } from './openSaeGraph'
import { quantisedSaeEncoder } from './quantisedSaeEncoder'
import { createResidents } from './residents'
import { readScatteredColumn } from './scatteredColumn'

export type { TopK } from './layerEncoder'

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

const RESIDENT_LIMIT_BYTES = 1024 ** 3

const CANDIDATES_FROM = 16 * 1024 * 1024

/** `layer` must be one of the set's in every call. */
export function createSaeSessions(set: SaeSet, options: SaeSessionsOptions): SaeSessions {
  const { cache, onProgress } = options
  const encoders = createResidents<LayerEncoder>(options.residentLimitBytes ?? RESIDENT_LIMIT_BYTES)
  const decoders = new Map<number, Promise<Session>>()
  const directions = new Map<string, Promise<Float32Array>>()
  const norms = new Map<number, Promise<Float32Array | null>>()
  const counts: EncoderCounts = { rows: 0, widened: 0, exact: 0 }

  const normsOf = (layer: number): Promise<Float32Array | null> =>
    remember(norms, layer, async () => {
      const sae = set.layers.get(layer)!
      return needsDecoderNorms(sae) ? columnNorms(sae.W_dec) : null
    })
  const openEncoder = async (layer: number): Promise<LayerEncoder> => {
    const sae = set.layers.get(layer)!
    const exact = async (): Promise<LayerEncoder> => openExactEncoder(sae, await normsOf(layer), options)
    const isOnCpu = options.providers.every((provider) => provider === 'cpu')
    if (!cache || !isOnCpu || !hasCandidates(sae) || set.dModel * set.dSae < (options.candidatesFrom ?? CANDIDATES_FROM)) return exact()
    try {
      const quantised = await quantisedSaeEncoder(set.path, sae, cache, (done, total) => onProgress?.({ layer, fraction: done / total }))
      return await openCandidateEncoder(sae, quantised, { ...options, exact, counts })
    } catch {
      // A full disk or a folder that cannot be written to costs speed, not results.
      return exact()
    }
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
      const tops = await encoders.use(layer, () => openEncoder(layer), (encoder) => encoder.encode(scaledRows(x, scales)))
      return { tops, scales }
    },
    direction: (layer, feature) =>
      remember(directions, `${layer}/${feature}`, async () => {
        const sae = set.layers.get(layer)!
        const column = await readScatteredColumn(sae.W_dec, feature)
        if (sae.decoderNorm !== 'folded') return column
        const norm = (await normsOf(layer))![feature]!
        return norm > 0 ? column.map((value) => value / norm) : column
      }),
    async reconstructionError(layer, x, { tops, scales }) {
      const sae = set.layers.get(layer)!
      const decoder = await remember(decoders, layer, () => openSaeGraph(sae, saeDecoderGraph, options))
      const lengths = await normsOf(layer)
      const a = new Float32Array(tops.length * set.dSae)
      tops.forEach(({ features, activations }, row) => {
        features.forEach((feature, i) => {
          const norm = sae.decoderNorm === 'folded' ? lengths![feature]! : 1
          a[row * set.dSae + feature] = norm > 0 ? activations[i]! / norm : 0
        })
      })
      const decoded = float32Data((await decoder.run({ a: float32Tensor(a, [tops.length, set.dSae]) }, ['x']))['x'])
      return Float32Array.from(scales, ({ factor, mean }, row) => {
        let error = 0
        let total = 0
        for (let i = row * set.dModel; i < (row + 1) * set.dModel; i++) {
          error += (x[i]! - (factor * decoded[i]! + mean)) ** 2
          total += x[i]! ** 2
        }
        // Not a number stays one: it must not look like a perfect fit.
        return total === 0 ? 0 : error / total
      })
    },
    async release() {
      await encoders.release()
      for (const opened of decoders.values()) await opened.then((session) => session.release(), () => {})
      decoders.clear()
      directions.clear()
    },
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
