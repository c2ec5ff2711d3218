// Reads the numbers of a tensor from the file that it lies in.
import { readColumn, readRow, readTensor } from '../formats/float16'
import { DTYPE_BYTES, isRowMajor, type StoredTensor } from '../formats/tensorEntry'
import { withFile } from './fileSource'

const REMEDY = 'open the model again'

/** A whole tensor as row-major float32. */
export function readStoredTensor(tensor: StoredTensor): Promise<Float32Array> {
  return withFile(tensor.file, REMEDY, (source) => readTensor(source, tensor))
}

/** Row `row` of a matrix, as float32. */
export function readStoredRow(tensor: StoredTensor, row: number): Promise<Float32Array> {
  return withFile(tensor.file, REMEDY, (source) => readRow(source, tensor, row))
}

/** Bytes of a matrix that are looked at together. */
const CHUNK_BYTES = 64 * 1024 * 1024

/** Length of every column of a matrix that is stored in either order, read once through; of W_dec those of the features' directions. */
export function columnNorms(tensor: StoredTensor): Promise<Float32Array> {
  const [rows, columns] = [tensor.shape[0]!, tensor.shape[1]!]
  const isByColumn = !isRowMajor(tensor)
  // As it lies in the file: lines of `width` numbers, each a column or a row of the matrix.
  const [lines, width] = isByColumn ? [columns, rows] : [rows, columns]
  const squares = new Float64Array(columns)
  return withFile(tensor.file, REMEDY, async (source) => {
    const bytesPerLine = width * DTYPE_BYTES[tensor.dtype]
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / bytesPerLine))
    for (let first = 0; first < lines; first += perChunk) {
      const count = Math.min(perChunk, lines - first)
      const shape = [count, width]
      const values = await readTensor(source, { ...tensor, shape, stride: [width, 1], offset: tensor.offset + first * bytesPerLine, length: count * bytesPerLine })
      for (let i = 0; i < values.length; i++) {
        const column = isByColumn ? first + Math.floor(i / width) : i % width
        squares[column] = squares[column]! + values[i]! ** 2
      }
    }
    return Float32Array.from(squares, Math.sqrt)
  })
}

/** Column `column` of a matrix, as float32; of W_dec that is a feature's direction. */
export function readStoredColumn(tensor: StoredTensor, column: number): Promise<Float32Array> {
  return withFile(tensor.file, REMEDY, (source) => readColumn(source, tensor, column))
}
