// One file of quantised weights: whether it is what it should be, told by its header at once and by its checksums on request.
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { CHECKSUM_LENGTH, readQuantisedLayout, type FileRange, type Piece, type QuantisedHeader, type QuantisedLayout } from '../formats/quantisedLayout'
import { CancelledError, InputError } from '../protocol/errors'
import { withFile } from './fileSource'

/** Whether the file is complete and was made of the same weights in the same way: by its size and header, without reading a weight. */
export async function isQuantisedFile(path: string, layout: QuantisedLayout): Promise<boolean> {
  const header = await withFile(path, 'load the model again', readQuantisedLayout).catch((error: unknown) => {
    if (error instanceof InputError) return null
    throw error
  })
  return header !== null && Buffer.compare(header.layout.header(), layout.header()) === 0 && !header.checksums.some((checksum) => /^0*$/.test(checksum))
}

/** Whether every piece has the checksum that stands in the header. Reads the whole file; `onBytes` is told how far it is. Rejects with CancelledError. */
export async function hasIntactPieces(handle: FileHandle, { layout, checksums }: QuantisedHeader, onBytes: (done: number, total: number) => void, signal: AbortSignal): Promise<boolean> {
  let done = 0
  for (const [index, piece] of layout.pieces.entries()) {
    if (signal.aborted) throw new CancelledError()
    if ((await storedChecksum(handle, piece)) !== checksums[index]) return false
    onBytes((done += pieceBytes(piece)), layout.fileBytes)
  }
  return true
}

export const pieceBytes = ({ codes, scales }: Piece): number => codes.length + scales.length

/** Half of it for the codes, half for the scales. */
export function pieceChecksum(codes: Uint8Array, scales: Uint8Array): string {
  const half = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, CHECKSUM_LENGTH / 2)
  return half(codes) + half(scales)
}

/** The checksum of a piece as it lies in a file; of one that ends early, that of what is there. */
export async function storedChecksum(handle: FileHandle, { codes, scales }: Piece): Promise<string> {
  const read = async ({ offset, length }: FileRange): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length)
    return bytes.subarray(0, (await handle.read(bytes, 0, length, offset)).bytesRead)
  }
  return pieceChecksum(await read(codes), await read(scales))
}
