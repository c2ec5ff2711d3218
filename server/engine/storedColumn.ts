// A column of a matrix from its file: of W_dec as Qwen-Scope stores it, a feature's direction lies 100 kB apart, number by number.
import { closeSync, openSync, readSync } from 'node:fs'
import { decodeBf16, decodeF16 } from '../formats/float16'
import { DTYPE_BYTES, isRowMajor, type StoredTensor } from '../formats/tensorEntry'
import { readStoredColumn } from '../checkpoint/storedTensor'

/** Column `index` of a matrix (rows, columns), as float32. */
export async function readColumnFast(tensor: StoredTensor, index: number): Promise<Float32Array> {
  const decode = DECODERS[tensor.dtype]
  if (!isRowMajor(tensor) || !decode) return readStoredColumn(tensor, index)
  const [rows, columns] = [tensor.shape[0]!, tensor.shape[1]!]
  const width = DTYPE_BYTES[tensor.dtype]
  const bytes = new Uint8Array(rows * width)
  const file = openSync(tensor.file, 'r')
  try {
    // Blocking reads of a few bytes take about 1 µs each, and waiting for each of them fifty times that.
    for (let row = 0; row < rows; row++) readSync(file, bytes, row * width, width, tensor.offset + (row * columns + index) * width)
  } finally {
    closeSync(file)
  }
  return decode(bytes)
}

const DECODERS: Partial<Record<StoredTensor['dtype'], (bytes: Uint8Array) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
  BF16: decodeBf16,
  F16: decodeF16,
}
