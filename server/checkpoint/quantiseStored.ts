// Rounds a matrix that lies in a file, reading no more of it at a time than a few rows.
import { quantiseRows, type Quantisation, type QuantisedRows, bytesPerRow, blocksPerRow } from '../formats/quantise'
import { DTYPE_BYTES, isRowMajor, type StoredTensor } from '../formats/tensorEntry'
import { CancelledError } from '../protocol/errors'
import { withFile, type FileSource } from './fileSource'
import { readStoredTensor } from './storedTensor'

/** Bytes of the matrix that are read together. */
const CHUNK_BYTES = 8 * 1024 * 1024

/** Rows of a row-major matrix (rows, columns), rounded. `source` is its file. */
export async function quantiseStoredRows(source: FileSource, tensor: StoredTensor, firstRow: number, rows: number, quantisation: Quantisation): Promise<QuantisedRows> {
  const columns = tensor.shape[1]!
  const rowBytes = columns * DTYPE_BYTES[tensor.dtype]
  return quantiseRows(await source.read(tensor.offset + firstRow * rowBytes, rows * rowBytes), tensor.dtype, columns, quantisation)
}

/** A whole matrix (rows, columns), rounded. One that is stored by columns is held in memory as float32 meanwhile. Rejects with CancelledError. */
export async function quantiseStoredMatrix(tensor: StoredTensor, quantisation: Quantisation, signal?: AbortSignal): Promise<QuantisedRows> {
  const [rows, columns] = [tensor.shape[0]!, tensor.shape[1]!]
  if (!isRowMajor(tensor)) {
    const values = await readStoredTensor(tensor)
    return quantiseRows(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 'F32', columns, quantisation)
  }
  const codes = new Uint8Array(rows * bytesPerRow(columns, quantisation))
  const scales = new Float32Array(rows * blocksPerRow(columns, quantisation))
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / (columns * DTYPE_BYTES[tensor.dtype])))
  await withFile(tensor.file, 'open the model again', async (source) => {
    for (let first = 0; first < rows; first += perChunk) {
      if (signal?.aborted) throw new CancelledError()
      const part = await quantiseStoredRows(source, tensor, first, Math.min(perChunk, rows - first), quantisation)
      codes.set(part.codes, first * bytesPerRow(columns, quantisation))
      scales.set(part.scales, first * blocksPerRow(columns, quantisation))
    }
  })
  return { codes, scales }
}
