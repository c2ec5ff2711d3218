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
    const tensors = set.layers.get(layer)!
    const { baseFolder, location } = weightFolder([tensors.W_enc.file, tensors.b_enc.file])
    const graph = saeEncoderGraph(set, { tensor: (name) => tensors[name as 'W_enc' | 'b_enc'], location })
    try {
      return (await openSession(graph, { baseFolder, ...options })).session
    } catch (error) {
      throw new InputError(`SAE ${tensors.W_enc.file} cannot be loaded (${(error as Error).message})`, 'check that the file is complete')
    }
  }

  return {
    set,
    async encode(layer, x) {
      const session = await remember(sessions, layer, () => open(layer))
      const rows = x.length / set.dModel
      const output = await session.run({ x: float32Tensor(x, [rows, set.dModel]) }, ['activations', 'features'])
      const activations = float32Data(output['activations'])
      const features = int64Data(output['features'])
      return Array.from({ length: rows }, (_, row) => {
        let end = row * set.k
        while (end < (row + 1) * set.k && activations[end]! > 0) end++
        return { features: features.slice(row * set.k, end), activations: activations.slice(row * set.k, end) }
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
