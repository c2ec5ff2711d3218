// One file of quantised weights: whether it is what it should be, told by its header at once and by its checksums on request.
import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { CHECKSUM_LENGTH, type Piece, type QuantisedLayout } from '../formats/quantisedLayout'
import { CancelledError } from '../protocol/errors'

/** Whether the file is complete and was made of the same weights in the same way: by its size and header, without reading a weight. */
export async function isQuantisedFile(path: string, layout: QuantisedLayout): Promise<boolean> {
  return (await readChecksums(path, layout)) !== null
}

/** Whether every piece of the file has the checksum that it was written with. Reads it whole; `onBytes` is told how far it is. */
export async function verifyQuantisedFile(path: string, layout: QuantisedLayout, onBytes: (done: number) => void, signal: AbortSignal): Promise<boolean> {
  const checksums = await readChecksums(path, layout)
  if (!checksums) return false
  const handle = await open(path, 'r')
  try {
    let done = 0
    for (const [index, piece] of layout.pieces.entries()) {
      if (signal.aborted) throw new CancelledError()
      if ((await storedChecksum(handle, piece)) !== checksums[index]) return false
      onBytes((done += pieceBytes(piece)))
    }
    return true
  } finally {
    await handle.close()
  }
}

export const pieceBytes = ({ codes, scales }: Piece): number => codes.length + scales.length

/** Half of it for the codes, half for the scales. */
export function pieceChecksum(codes: Uint8Array, scales: Uint8Array): string {
  const half = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, CHECKSUM_LENGTH / 2)
  return half(codes) + half(scales)
}

/** The checksum of a piece as it lies in a file; of one that ends early something that is none. */
export async function storedChecksum(handle: FileHandle, { codes, scales }: Piece): Promise<string> {
  const read = async ({ offset, length }: { readonly offset: number; readonly length: number }): Promise<Uint8Array | null> => {
    const bytes = new Uint8Array(length)
    return (await handle.read(bytes, 0, length, offset)).bytesRead === length ? bytes : null
  }
  const [storedCodes, storedScales] = [await read(codes), await read(scales)]
  return storedCodes && storedScales ? pieceChecksum(storedCodes, storedScales) : ''
}

/** Null when the file is missing, cut off, or has another header than the layout gives. */
async function readChecksums(path: string, layout: QuantisedLayout): Promise<readonly string[] | null> {
  const handle = await open(path, 'r').catch(() => null)
  if (!handle) return null
  try {
    if ((await handle.stat()).size !== layout.fileBytes) return null
    const length = Math.min(layout.fileBytes, layout.header(layout.pieces.map(() => '0'.repeat(CHECKSUM_LENGTH))).length)
    const header = Buffer.alloc(length)
    if ((await handle.read(header, 0, length, 0)).bytesRead < length) return null
    const digits = /"checksums":"([0-9a-f]*)"/.exec(header.toString('latin1'))?.[1] ?? ''
    const checksums = layout.pieces.map((_, piece) => digits.slice(piece * CHECKSUM_LENGTH, (piece + 1) * CHECKSUM_LENGTH))
    return header.equals(layout.header(checksums)) ? checksums : null
  } finally {
    await handle.close()
  }
}
