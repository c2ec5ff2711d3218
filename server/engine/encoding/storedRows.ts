// Rows of a matrix read from its file one by one, the last ones kept: the tokens of a text share many of their features.
import { closeSync, openSync, readSync } from 'node:fs'
import { decodeF16 } from '../../formats/float16'
import { DTYPE_BYTES, type StoredTensor } from '../../formats/tensorEntry'
import { InputError } from '../../protocol/errors'

export interface StoredRows {
  /** Row `index` as float32; it is valid until the next call. */
  row(index: number): Float32Array
  /** Memory that the kept rows take. */
  readonly bytes: number
  close(): void
}

/** About a thousand rows of 2048 numbers. */
const KEPT_BYTES = 8 * 1024 * 1024

/** Of a row-major matrix (rows, columns) of F32, BF16 or F16. Reading blocks the thread; that is several times faster than waiting for as many small reads. */
export function openStoredRows(tensor: StoredTensor, keptBytes = KEPT_BYTES): StoredRows {
  const [rows, columns] = [tensor.shape[0]!, tensor.shape[1]!]
  const rowBytes = columns * DTYPE_BYTES[tensor.dtype]
  const kept = Math.min(rows, Math.max(1, Math.floor(keptBytes / (columns * 4))))
  const values = new Float32Array(kept * columns)
  const slotOf = new Map<number, number>()
  const indexIn = new Int32Array(kept).fill(-1)
  const bits = new Uint32Array(values.buffer)
  const stored = new Uint8Array(rowBytes)
  const halves = new Uint16Array(stored.buffer, 0, rowBytes >> 1)
  const file = openForReading(tensor)
  let next = 0
  return {
    bytes: values.byteLength,
    row(index) {
      let slot = slotOf.get(index)
      if (slot === undefined) {
        slot = next
        next = (next + 1) % kept
        slotOf.delete(indexIn[slot]!)
        indexIn[slot] = -1
        const target = values.subarray(slot * columns, (slot + 1) * columns)
        if (tensor.dtype === 'F32') readFully(file, tensor, new Uint8Array(target.buffer, target.byteOffset, rowBytes), index * rowBytes)
        else {
          readFully(file, tensor, stored, index * rowBytes)
          if (tensor.dtype === 'F16') target.set(decodeF16(stored))
          // As `decodeBf16` does, without making two arrays for each row.
          else for (let i = 0; i < columns; i++) bits[slot * columns + i] = halves[i]! << 16
        }
        slotOf.set(index, slot)
        indexIn[slot] = index
      }
      return values.subarray(slot * columns, (slot + 1) * columns)
    },
    close: () => closeSync(file),
  }
}

/** Opens a tensor's file for blocking reads. */
export function openForReading({ file }: StoredTensor): number {
  try {
    return openSync(file, 'r')
  } catch (error) {
    throw new InputError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, 'open the model again')
  }
}

/** Fills `bytes` from `start`, counted from the tensor's own; throws InputError when the file ends before. */
export function readFully(file: number, tensor: StoredTensor, bytes: Uint8Array, start: number): void {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(file, bytes, done, bytes.length - done, tensor.offset + start + done)
    if (count === 0) throw new InputError(`${tensor.file} became shorter while it was read`, 'run again when nothing writes to it')
    done += count
  }
}
