// What lies in the cache of quantised weights: listed, looked up, verified, removed, and kept below a size.
import { open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { InputError } from '../protocol/errors'
import type { Precision } from '../protocol/values'
import type { Checkpoint } from './checkpoint'
import { isLockHeld } from './fileLock'
import { withFile } from './fileSource'
import { folderName } from './folderName'
import { readQuantisedLayout, type QuantisedHeader } from '../formats/quantisedLayout'
import { entryFolder, WEIGHTS_FILE, type QuantisedCache, type QuantisedPrecision } from './quantisedCache'
import { hasIntactPieces } from './quantisedFile'
import { partialPath } from './writeQuantised'

export interface QuantisedEntry {
  /** Absolute path; it holds nothing else, so that it is removed whole. */
  readonly folder: string
  /** Folder of the model that was rounded, and its name for people; null where the file does not say. */
  readonly model: string | null
  readonly name: string
  readonly precision: Precision | null
  /** On disk. */
  readonly bytes: number
  readonly lastUsed: Date
  /** Whether its writing has ended; one that has not goes on when the model is loaded again. */
  readonly isComplete: boolean
}

/** Every entry, the one used last first. Damaged ones are listed too. */
export async function listQuantised(cache: Pick<QuantisedCache, 'folder'>): Promise<QuantisedEntry[]> {
  const folders = (await readdir(cache.folder, { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory())
  const entries = await Promise.all(folders.map(({ name }) => readEntry(join(cache.folder, name))))
  return entries.filter((entry) => entry !== null).sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
}

/** The entry of a checkpoint at a precision, where its writing has ended. */
export async function findQuantised(checkpoint: Checkpoint, precision: QuantisedPrecision, cache: Pick<QuantisedCache, 'folder'>): Promise<QuantisedEntry | null> {
  const entry = await readEntry(await entryFolder(checkpoint, precision, cache))
  return entry?.isComplete ? entry : null
}

/** Whether the bytes of an entry are those that were written: reads all of them. `onBytes` is told how many it has read. Rejects with CancelledError. */
export async function verifyQuantised(folder: string, onBytes: (done: number, total: number) => void, signal: AbortSignal): Promise<boolean> {
  const file = join(folder, WEIGHTS_FILE)
  const header = await headerOf(file)
  if (!header) return false
  const handle = await open(file, 'r')
  try {
    return await hasIntactPieces(handle, header, onBytes, signal)
  } finally {
    await handle.close()
  }
}

/** Removes an entry and answers with the bytes that this freed. Throws InputError while it is being written, or where the system keeps it because it is in use. */
export async function removeQuantised(cache: Pick<QuantisedCache, 'folder'>, folder: string): Promise<number> {
  if (dirname(resolve(folder)) !== resolve(cache.folder)) throw new RangeError(`${folder} is no entry of ${cache.folder}`)
  const entry = await readEntry(folder)
  if (await isLockHeld(lockPath(folder))) throw new InputError(`${folder} is being written`, 'cancel the loading of its model first')
  await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
    throw new InputError(`${folder} cannot be removed (${(error as NodeJS.ErrnoException).code})`, 'unload its model, or close what uses it, and try again')
  })
  return entry?.bytes ?? 0
}

/** Removes entries, those unused for longest first, until the others take no more than `limitBytes`. What cannot be removed stays, as does `keep`. */
export async function trimQuantised(cache: Pick<QuantisedCache, 'folder'>, limitBytes: number, keep: string | null = null): Promise<void> {
  const entries = await listQuantised(cache)
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { folder } of entries.reverse()) {
    if (total <= limitBytes) return
    if (keep !== null && resolve(folder) === resolve(keep)) continue
    total -= await removeQuantised(cache, folder).catch((error: unknown) => {
      if (error instanceof InputError) return 0
      throw error
    })
  }
}

/** In the folder of the entry whose writing it guards. */
export const lockPath = (folder: string): string => `${join(folder, WEIGHTS_FILE)}.lock`

/** Null where there is neither a whole file nor one that is being written. */
async function readEntry(folder: string): Promise<QuantisedEntry | null> {
  const whole = join(folder, WEIGHTS_FILE)
  for (const file of [whole, partialPath(whole)]) {
    const found = await stat(file).catch(() => null)
    if (!found?.isFile()) continue
    const { source } = (await headerOf(file)) ?? {}
    // A file that is being written has its full length from the start, with holes.
    const bytes = found.blocks > 0 ? Math.min(found.size, found.blocks * 512) : found.size
    const model = source?.['model'] ?? null
    return {
      folder, model, name: model === null ? folderName(folder) : folderName(model), precision: (source?.['precision'] as Precision | undefined) ?? null, bytes, lastUsed: found.mtime,
      isComplete: file === whole && source !== undefined,
    }
  }
  return null
}

async function headerOf(file: string): Promise<QuantisedHeader | null> {
  return withFile(file, 'load the model again', readQuantisedLayout).catch((error: unknown) => {
    if (error instanceof InputError) return null
    throw error
  })
}
