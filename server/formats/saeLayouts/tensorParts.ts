// Takes an SAE's tensors out of a file by the names that their layout gives them, checked against each other.
import { InputError } from '../../protocol/errors'
import { quote } from '../quote'
import type { StoredTensor } from '../tensorEntry'
import type { SaeTensors } from './saeLayoutReader'

const DAMAGED = 'download or copy the file again'
const OTHER_CONFIG = 'use the configuration that came with the SAE set'

/** Whether a matrix is stored with a feature per row, as (d_sae, d_model), or per column. */
export type Orientation = 'feature rows' | 'feature columns'

export interface TensorParts {
  readonly dSae: number
  readonly dModel: number
  /** (d_sae, d_model) */
  readonly W_enc: StoredTensor
  /** (d_model, d_sae) */
  decoder(name: string, stored: Orientation): StoredTensor
  /** (d_sae) */
  perFeature(name: string): StoredTensor
  /** (d_model) */
  perDimension(name: string): StoredTensor
  /** One number, or (d_sae). */
  threshold(name: string): StoredTensor
  has(name: string): boolean
}

/** Begins with the encoder, which tells both sizes. `expected` are those that the configuration claims, where it does. */
export function tensorParts(tensors: SaeTensors, encoder: string, stored: Orientation, expected: { readonly dModel?: number | undefined; readonly dSae?: number | undefined } = {}): TensorParts {
  const { fileName, byName } = tensors
  const take = (name: string, shapeOf: (tensor: StoredTensor) => boolean, wanted: string): StoredTensor => {
    const tensor = byName.get(name)
    if (!tensor) throw new InputError(`${fileName} has no tensor ${quote(name)}`, DAMAGED)
    const subject = `${fileName} tensor ${quote(name)}`
    if (!shapeOf(tensor)) throw new InputError(`${subject} has the shape [${tensor.shape.join(', ')}] where ${wanted} is expected`, OTHER_CONFIG)
    if (tensor.dtype !== 'F32' && tensor.dtype !== 'F16' && tensor.dtype !== 'BF16') {
      throw new InputError(`${subject} has the dtype ${tensor.dtype}, which is not supported`, 'convert it to float32, float16 or bfloat16')
    }
    return tensor
  }
  const matrix = take(encoder, ({ shape }) => shape.length === 2 && shape.every((size) => size > 0), 'a matrix')
  const W_enc = stored === 'feature rows' ? matrix : transposed(matrix)
  const [dSae, dModel] = [W_enc.shape[0]!, W_enc.shape[1]!]
  const sizes: readonly (readonly [string, number, number | undefined])[] = [['d_model', dModel, expected.dModel], ['d_sae', dSae, expected.dSae]]
  for (const [what, found, claimed] of sizes) {
    if (claimed !== undefined && claimed !== found) throw new InputError(`${fileName} tensor ${quote(encoder)} has ${what} ${found} where the configuration says ${claimed}`, OTHER_CONFIG)
  }
  const vector = (name: string, size: number) => take(name, ({ shape }) => shape.length === 1 && shape[0] === size, `[${size}]`)
  return {
    dSae,
    dModel,
    W_enc,
    decoder(name, orientation) {
      const wanted = orientation === 'feature rows' ? [dSae, dModel] : [dModel, dSae]
      const found = take(name, ({ shape }) => shape.join() === wanted.join(), `[${wanted.join(', ')}]`)
      return orientation === 'feature rows' ? transposed(found) : found
    },
    perFeature: (name) => vector(name, dSae),
    perDimension: (name) => vector(name, dModel),
    threshold: (name) => take(name, ({ shape }) => shape.join() === '' || shape.join() === '1' || shape.join() === String(dSae), `one number or [${dSae}]`),
    has: (name) => byName.has(name),
  }
}

/** The same numbers seen as the transpose: nothing moves. */
export function transposed(matrix: StoredTensor): StoredTensor {
  return { ...matrix, shape: [...matrix.shape].reverse(), stride: [...matrix.stride].reverse() }
}
