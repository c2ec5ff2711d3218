// Where a tensor's numbers lie in a file, whatever the file's format; the form in which the graph and the engine learn of weights.

export type TensorDtype = 'F32' | 'F16' | 'BF16' | 'F64' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL'

export const DTYPE_BYTES: Readonly<Record<TensorDtype, number>> = { F32: 4, F16: 2, BF16: 2, F64: 8, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 }

export interface TensorEntry {
  readonly name: string
  readonly dtype: TensorDtype
  readonly shape: readonly number[]
  /** In elements, per dimension; row-major contiguous in safetensors, anything in torch files. */
  readonly stride: readonly number[]
  /** Of the tensor's first element, in bytes from the start of the file. */
  readonly offset: number
  /** Bytes from `offset` to the end of the last element. */
  readonly length: number
}

/** A tensor and the file it lies in (real, absolute path). */
export interface StoredTensor extends TensorEntry {
  readonly file: string
}

export function rowMajorStride(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length)
  for (let dim = shape.length - 1, step = 1; dim >= 0; dim--) {
    stride[dim] = step
    step *= shape[dim]!
  }
  return stride
}

export function isRowMajor(tensor: TensorEntry): boolean {
  const expected = rowMajorStride(tensor.shape)
  return tensor.shape.every((size, dim) => size <= 1 || tensor.stride[dim] === expected[dim])
}
