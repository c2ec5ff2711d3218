// The SAE encoders of a set, each loaded when its layer is first read.
import type { SaeSet } from '../checkpoint/checkpoint'
import { readStoredColumn } from '../checkpoint/storedTensor'
import { saeEncoderGraph } from '../graph/sae'
import { InputError } from '../protocol/errors'
import { weightFolder } from './baseFolder'
import { float32Data, float32Tensor, int64Data, openSession, type Session } from './onnx'

/** The features of one token that survive ReLU and top-k with an activation above 0, highest first. */
export interface TopK {
  readonly features: Int32Array
  readonly activations: Float32Array
}

export interface SaeSessions {
  readonly set: SaeSet
  /** Encodes the rows of `x` (T, d_model). */
  encode(layer: number, x: Float32Array): Promise<TopK[]>
  /** Column f of the layer's W_dec, (d_model). */
  direction(layer: number, feature: number): Promise<Float32Array>
  release(): Promise<void>
}

/** `layer` must be one of the set's in every call. */
export function createSaeSessions(set: SaeSet, options: { readonly providers: readonly string[]; readonly threads: number }): SaeSessions {
  const sessions = new Map<number, Promise<Session>>()
  const directions = new Map<string, Promise<Float32Array>>()

  const open = async (layer: number): Promise<Session> => {
    const { W_enc, b_enc, activation } = set.layers.get(layer)!
    if (activation.kind !== 'topk' || !b_enc) throw new InputError(`SAE ${W_enc.file} has the activation ${activation.kind}, which is not supported`, 'choose a top-k SAE set')
    const { baseFolder, location } = weightFolder([W_enc.file, b_enc.file])
    const graph = saeEncoderGraph({ ...set, k: activation.k }, { tensor: (name) => (name === 'W_enc' ? W_enc : b_enc), location })
    try {
      return (await openSession(graph, { baseFolder, ...options })).session
    } catch (error) {
      throw new InputError(`SAE ${W_enc.file} cannot be loaded (${(error as Error).message})`, 'check that the file is complete')
    }
  }

  return {
    set,
    async encode(layer, x) {
      const session = await remember(sessions, layer, () => open(layer))
      const rows = x.length / set.dModel
      const output = await session.run({ x: float32Tensor(x, [rows, set.dModel]) }, ['activations', 'features'])
      const activations = float32Data(output['activations'])
      const k = rows > 0 ? activations.length / rows : 0
      const features = int64Data(output['features'])
      return Array.from({ length: rows }, (_, row) => {
        let end = row * k
        while (end < (row + 1) * k && activations[end]! > 0) end++
        return { features: features.slice(row * k, end), activations: activations.slice(row * k, end) }
      })
    },
    direction: (layer, feature) => remember(directions, `${layer}/${feature}`, () => readStoredColumn(set.layers.get(layer)!.W_dec, feature)),
    async release() {
      for (const session of sessions.values()) await session.then((opened) => opened.release(), () => {})
      sessions.clear()
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
