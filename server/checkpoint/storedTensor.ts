// Reads the numbers of a tensor from the file that it lies in.
import { readColumn, readRow, readTensor } from '../formats/float16'
import type { StoredTensor } from '../formats/tensorEntry'
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

/** Column `column` of a matrix, as float32; of W_dec that is a feature's direction. */
export function readStoredColumn(tensor: StoredTensor, column: number): Promise<Float32Array> {
  return withFile(tensor.file, REMEDY, (source) => readColumn(source, tensor, column))
}
