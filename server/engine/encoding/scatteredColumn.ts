// A column of a matrix stored by rows, number by number: a feature's direction as Qwen-Scope keeps W_dec, 128 kB from one element to the next.
import { closeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { readStoredColumn } from '../../checkpoint/storedTensor'
import { decodeBf16, decodeF16 } from '../../formats/float16'
import { DTYPE_BYTES, isRowMajor, type StoredTensor, type TensorDtype } from '../../formats/tensorEntry'
import { InputError } from '../../protocol/errors'
import { openForReading, readFully } from './storedRows'

/** Numbers that are read before looking at the clock. */
const BATCH = 32

/** A batch from memory takes 0.05 ms; one from the disk 1 ms and more. */
const SLOW_MS = 0.5

/** Reads under way at once when they wait for the disk. */
const LANES = 16

const DECODERS: Partial<Record<TensorDtype, (bytes: Uint8Array) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes.buffer),
  BF16: decodeBf16,
  F16: decodeF16,
}

/**
 * Column `index` of a matrix (rows, columns), as float32. What the system still holds in memory is read without waiting, which takes 1 µs per
 * number instead of 15; when the disk answers, many numbers are asked for at once.
 */
export async function readScatteredColumn(tensor: StoredTensor, index: number): Promise<Float32Array> {
  const decode = DECODERS[tensor.dtype]
  if (!isRowMajor(tensor) || !decode) return readStoredColumn(tensor, index)
  const [rows, columns] = [tensor.shape[0]!, tensor.shape[1]!]
  const width = DTYPE_BYTES[tensor.dtype]
  const bytes = new Uint8Array(rows * width)
  const start = (row: number): number => (row * columns + index) * width
  const file = openForReading(tensor)
  let row = 0
  try {
    for (let isSlow = false; row < rows && !isSlow; ) {
      const began = performance.now()
      for (const end = Math.min(rows, row + BATCH); row < end; row++) readFully(file, tensor, bytes.subarray(row * width, (row + 1) * width), start(row))
      isSlow = performance.now() - began > SLOW_MS
    }
  } finally {
    closeSync(file)
  }
  if (row < rows) await readRest(tensor, bytes, row, rows, start)
  return decode(bytes)
}

async function readRest(tensor: StoredTensor, bytes: Uint8Array, firstRow: number, rows: number, start: (row: number) => number): Promise<void> {
  const width = DTYPE_BYTES[tensor.dtype]
  const handle = await open(tensor.file, 'r')
  try {
    let next = firstRow
    const lane = async (): Promise<void> => {
      while (next < rows) {
        const row = next++
        const { bytesRead } = await handle.read(bytes, row * width, width, tensor.offset + start(row))
        if (bytesRead < width) throw new InputError(`${tensor.file} became shorter while it was read`, 'run again when nothing writes to it')
      }
    }
    // All must have ended before the file is closed.
    const failed = (await Promise.allSettled(Array.from({ length: LANES }, lane))).find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason
  } finally {
    await handle.close()
  }
}
