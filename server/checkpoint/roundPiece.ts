// Rounds some rows of a matrix from one file into another: what one thread does at a time when weights are quantised.
import { open, type FileHandle } from 'node:fs/promises'
import { quantiseRows, type Quantisation } from '../formats/quantise'
import type { TensorDtype } from '../formats/tensorEntry'
import { withFile } from './fileSource'
import { pieceChecksum } from './quantisedFile'

/** Plain data, so that it can be sent to another thread. */
export interface PieceJob {
  readonly from: { readonly file: string; readonly dtype: TensorDtype; readonly columns: number; readonly offset: number; readonly length: number }
  readonly to: { readonly file: string; readonly codesOffset: number; readonly scalesOffset: number }
  readonly quantisation: Quantisation
}

/** Reads, rounds and writes, and answers with the checksum of what it wrote. The file that it writes to must be there. */
export async function roundPiece({ from, to, quantisation }: PieceJob): Promise<string> {
  const bytes = await withFile(from.file, 'open the model again', (source) => source.read(from.offset, from.length))
  const { codes, scales } = quantiseRows(bytes, from.dtype, from.columns, quantisation)
  const scaleBytes = new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength)
  const handle = await open(to.file, 'r+')
  try {
    await writeAll(handle, codes, to.codesOffset)
    await writeAll(handle, scaleBytes, to.scalesOffset)
  } finally {
    await handle.close()
  }
  return pieceChecksum(codes, scaleBytes)
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
}
