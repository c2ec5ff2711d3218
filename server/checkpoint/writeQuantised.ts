// Writes a file of quantised weights beside its place, piece by piece, and renames it: after a crash or a cancel the next writer goes on there.
import { appendFile, mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Piece, QuantisedLayout } from '../formats/quantisedLayout'
import { DTYPE_BYTES, type StoredTensor } from '../formats/tensorEntry'
import { CancelledError } from '../protocol/errors'
import { pieceBytes, storedChecksum } from './quantisedFile'
import type { Rounding } from './roundingThreads'
import { writeAll, type PieceJob } from './roundPiece'

/** Where a file lies until it is complete, and the list of its pieces that are. */
export const partialPath = (path: string): string => `${path}.partial`
export const journalPath = (path: string): string => `${path}.journal`

/**
 * Rounds `tensors`, one for each matrix of the layout, and writes them to `path`. `onBytes` is told how many bytes of the file are there.
 * Rejects with CancelledError, or with what the disk says; what is written stays for the next time. `checkSpace` is asked, before anything is
 * written, with the bytes that are missing. Two writers of the same file write the same bytes to the same places.
 */
export async function writeQuantised(
  path: string, layout: QuantisedLayout, tensors: readonly StoredTensor[], rounding: Rounding, onBytes: (done: number) => void, checkSpace: (missing: number) => Promise<void>, signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const partial = await openPartial(partialPath(path))
  try {
    const checksums = await donePieces(partial, path, layout, signal)
    let done = 0
    for (const index of checksums.keys()) done += pieceBytes(layout.pieces[index]!)
    onBytes(done)
    await checkSpace(layout.fileBytes - done)
    await partial.truncate(layout.fileBytes)
    // Says whose weights these will be, to whoever lists the cache meanwhile.
    await writeAll(partial, layout.header(), 0)

    const missing = Array.from(layout.pieces.keys()).filter((index) => !checksums.has(index)).values()
    let isFailed = false
    const lane = async (): Promise<void> => {
      for (const index of missing) {
        if (signal.aborted) throw new CancelledError()
        if (isFailed) return
        const piece = layout.pieces[index]!
        const checksum = await rounding.round(jobOf(piece, tensors[piece.matrix]!, layout, partialPath(path)))
        await appendFile(journalPath(path), journalLine(index, checksum))
        checksums.set(index, checksum)
        onBytes((done += pieceBytes(piece)))
      }
    }
    const lanes = Array.from({ length: rounding.lanes }, () =>
      lane().catch((error: unknown) => {
        isFailed = true
        throw error
      }))
    // All must have ended before the file is closed.
    const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason

    await writeAll(partial, layout.header(layout.pieces.map((_, index) => checksums.get(index)!)), 0)
    await partial.sync()
  } finally {
    await partial.close()
  }
  await rename(partialPath(path), path)
  await rm(journalPath(path), { force: true })
}

/** Bytes of the file that an unfinished writing has written so far; what a process that waits for it shows. */
export async function writtenBytes(path: string, layout: QuantisedLayout): Promise<number> {
  const lines = await stat(journalPath(path)).then(({ size }) => size / journalLine(0, 'x'.repeat(32)).length, () => 0)
  return Math.min(1, lines / layout.pieces.length) * layout.fileBytes
}

/** Of one length, whatever the index. */
const journalLine = (index: number, checksum: string): string => `${String(index).padStart(8, '0')} ${checksum}\n`

async function openPartial(path: string): Promise<FileHandle> {
  return open(path, 'r+').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return open(path, 'w+')
    throw error
  })
}

/** Checksums by index of the pieces that an earlier writing left whole. */
async function donePieces(partial: FileHandle, path: string, layout: QuantisedLayout, signal: AbortSignal): Promise<Map<number, string>> {
  const journal = await readFile(journalPath(path), 'utf8').catch(() => '')
  const done = new Map<number, string>()
  for (const [, digits, checksum] of journal.matchAll(/^(\d{8}) ([0-9a-f]{32})$/gm)) {
    if (signal.aborted) throw new CancelledError()
    const index = Number(digits)
    const piece = layout.pieces[index]
    if (piece && !done.has(index) && (await storedChecksum(partial, piece)) === checksum) done.set(index, checksum)
  }
  return done
}

function jobOf({ matrix, firstRow, rows, codes, scales }: Piece, { file, dtype, shape, offset }: StoredTensor, { bits, matrices }: QuantisedLayout, target: string): PieceJob {
  const columns = shape[1]!
  const rowBytes = columns * DTYPE_BYTES[dtype]
  return {
    from: { file, dtype, columns, offset: offset + firstRow * rowBytes, length: rows * rowBytes },
    to: { file: target, codesOffset: codes.offset, scalesOffset: scales.offset },
    quantisation: { bits, block: matrices[matrix]!.block },
  }
}
