// The SAEs of a set as sessions: encoders, each loaded when its layer is first read, and decoders only while an error is measured.
import type { SaeSet } from '../checkpoint/checkpoint'
import { columnNorms, readStoredColumn } from '../checkpoint/storedTensor'
import type { SaeLayer } from '../formats/saeLayer'
import type { StoredTensor } from '../formats/tensorEntry'
import { needsDecoderNorms, saeEncoderGraph } from '../graph/sae'
import { saeDecoderGraph } from '../graph/saeDecoder'
import { InputError } from '../protocol/errors'
import { weightFolder } from './baseFolder'
import { scaledRows, tokenScale, type TokenScale } from './inputScale'
import { float32Data, float32Tensor, int64Data, openSession, type Session } from './onnx'

/** The active features of one token, those with an activation above 0, highest first. */
export interface TopK {
  readonly features: Int32Array
  readonly activations: Float32Array
}

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
  release(): Promise<void>
}

interface OpenEncoder {
  readonly session: Session
  /** ‖W_dec[:, f]‖ by feature; null where nothing depends on it. */
  readonly norms: Float32Array | null
}

/** `layer` must be one of the set's in every call. */
export function createSaeSessions(set: SaeSet, options: { readonly providers: readonly string[]; readonly threads: number }): SaeSessions {
  const encoders = new Map<number, Promise<OpenEncoder>>()
  const decoders = new Map<number, Promise<Session>>()
  const directions = new Map<string, Promise<Float32Array>>()

  const open = async (sae: SaeLayer, build: typeof saeEncoderGraph): Promise<Session> => {
    const { baseFolder, location } = weightFolder(filesOf(sae))
    try {
      // Unpacked, the matrix stays in its file: only the pages that are read take memory, and the system may have them back.
      return (await openSession(build(sae, location), { baseFolder, prepack: false, ...options })).session
    } catch (error) {
      if (error instanceof InputError) throw error
      throw new InputError(`SAE ${sae.W_enc.file} cannot be loaded (${(error as Error).message})`, 'check that the file is complete')
    }
  }
  const encoder = (layer: number): Promise<OpenEncoder> =>
    remember(encoders, layer, async () => {
      const sae = set.layers.get(layer)!
      const norms = needsDecoderNorms(sae) ? await columnNorms(sae.W_dec) : null
      return { session: await open(sae, saeEncoderGraph), norms }
    })

  return {
    set,
    async encode(layer, x) {
      const { session, norms } = await encoder(layer)
      const rows = x.length / set.dModel
      const { scale } = set.layers.get(layer)!.input
      const scales = Array.from({ length: rows }, (_, row) => tokenScale(scale, x.subarray(row * set.dModel, (row + 1) * set.dModel)))
      const feeds = { x: float32Tensor(scaledRows(x, scales), [rows, set.dModel]), ...(norms && { norms: float32Tensor(norms, [set.dSae]) }) }
      const output = await session.run(feeds, ['activations', 'features'])
      const activations = float32Data(output['activations'])
      const features = int64Data(output['features'])
      const columns = rows > 0 ? activations.length / rows : 0
      const tops = scales.map((_, row) => {
        let end = row * columns
        while (end < (row + 1) * columns && activations[end]! > 0) end++
        return { features: features.slice(row * columns, end), activations: activations.slice(row * columns, end) }
      })
      return { tops, scales }
    },
    direction: (layer, feature) =>
      remember(directions, `${layer}/${feature}`, async () => {
        const sae = set.layers.get(layer)!
        const column = await readStoredColumn(sae.W_dec, feature)
        if (sae.decoderNorm !== 'folded') return column
        const norm = (await encoder(layer)).norms![feature]!
        return norm > 0 ? column.map((value) => value / norm) : column
      }),
    async reconstructionError(layer, x, { tops, scales }) {
      const sae = set.layers.get(layer)!
      const decoder = await remember(decoders, layer, () => open(sae, saeDecoderGraph))
      const { norms } = await encoder(layer)
      const a = new Float32Array(tops.length * set.dSae)
      tops.forEach(({ features, activations }, row) => {
        features.forEach((feature, i) => {
          const norm = sae.decoderNorm === 'folded' ? norms![feature]! : 1
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
      for (const opened of encoders.values()) await opened.then(({ session }) => session.release(), () => {})
      for (const opened of decoders.values()) await opened.then((session) => session.release(), () => {})
      encoders.clear()
      decoders.clear()
      directions.clear()
    },
  }
}

function filesOf(sae: SaeLayer): string[] {
  const { activation } = sae
  const others = activation.kind === 'gated' ? [activation.b_gate, activation.b_mag, activation.r_mag] : activation.kind === 'jumprelu' && typeof activation.threshold !== 'number' ? [activation.threshold] : []
  return [sae.W_enc, sae.b_enc, sae.W_dec, sae.b_dec, ...others].filter((tensor): tensor is StoredTensor => tensor !== null).map(({ file }) => file)
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
