// What lies in the cache of quantised weights: listed, looked up, verified, removed, and kept below a size.
import { open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { readQuantisedLayout, type QuantisedHeader } from '../formats/quantisedLayout'
import { InputError } from '../protocol/errors'
import type { Precision } from '../protocol/values'
import type { Checkpoint } from './checkpoint'
import { isLockHeld } from './fileLock'
import { withFile } from './fileSource'
import { folderName } from './folderName'
import { entryFolder, type QuantisedCache, type QuantisedPrecision } from './quantisedCache'
import { hasIntactPieces } from './quantisedFile'
import { partialPath } from './writeQuantised'

type Folder = Pick<QuantisedCache, 'folder'>

export interface QuantisedEntry {
  /** Absolute path; it holds nothing else, so that it is removed whole. */
  readonly folder: string
  /** A model's weights at a precision, or encoders of an SAE set; damaged ones do not say. */
  readonly kind: 'weights' | 'encoders' | 'damaged'
  /** Folder of the model that was rounded; null for other kinds. */
  readonly model: string | null
  readonly precision: Precision | null
  /** Of the model or the SAE set, for people. */
  readonly name: string
  /** On disk. */
  readonly bytes: number
  readonly lastUsed: Date
  /** Whether its writing has ended; one that has not goes on when the model is loaded again. */
  readonly isComplete: boolean
}

/** Every entry, the one used last first. */
export async function listQuantised(cache: Folder): Promise<QuantisedEntry[]> {
  const folders = (await readdir(cache.folder, { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory())
  const entries = await Promise.all(folders.map(({ name }) => readEntry(join(cache.folder, name))))
  return entries.filter((entry) => entry !== null).sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime())
}

/** The entry of a checkpoint at a precision, where its writing has ended. */
export async function findQuantised(checkpoint: Checkpoint, precision: QuantisedPrecision, cache: Folder): Promise<QuantisedEntry | null> {
  const entry = await readEntry(await entryFolder(checkpoint, precision, cache))
  return entry?.isComplete ? entry : null
}

/** Whether the bytes of an entry are those that were written: reads all of them; `onBytes` is told how many. Rejects with CancelledError. */
export async function verifyQuantised(folder: string, onBytes: (done: number, total: number) => void, signal: AbortSignal): Promise<boolean> {
  const files = (await weightFiles(folder)).filter(isWhole)
  const headers = await Promise.all(files.map((file) => headerOf(file)))
  const total = headers.reduce((sum, header) => sum + (header?.layout.fileBytes ?? 0), 0)
  let before = 0
  for (const [i, header] of headers.entries()) {
    if (!header) return false
    const handle = await open(files[i]!, 'r')
    try {
      if (!(await hasIntactPieces(handle, header, (done) => onBytes(before + done, total), signal))) return false
    } finally {
      await handle.close()
    }
    before += header.layout.fileBytes
  }
  return files.length > 0
}

/** Removes an entry and answers with the bytes that this freed. Throws InputError while it is being written, or where the system keeps it because it is in use. */
export async function removeQuantised(cache: Folder, folder: string): Promise<number> {
  if (dirname(resolve(folder)) !== resolve(cache.folder)) throw new RangeError(`${folder} is no entry of ${cache.folder}`)
  const entry = await readEntry(folder)
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.lock') && (await isLockHeld(join(folder, name)))) throw new InputError(`${folder} is being written`, 'cancel the loading of its model first')
  }
  await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
    throw new InputError(`${folder} cannot be removed (${(error as NodeJS.ErrnoException).code})`, 'unload its model, or close what uses it, and try again')
  })
  return entry?.bytes ?? 0
}

/** Removes entries, those unused for longest first, until the others take no more than `limitBytes`. What cannot be removed stays, as does `keep`. */
export async function trimQuantised(cache: Folder, limitBytes: number, keep: string | null = null): Promise<void> {
  const entries = await listQuantised(cache)
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { folder } of entries.reverse()) {
    if (total <= limitBytes) return
    if (keep !== null && basename(folder) === basename(keep)) continue
    total -= await removeQuantised(cache, folder).catch((error: unknown) => {
      if (error instanceof InputError) return 0
      throw error
    })
  }
}

/** Null where there is neither a whole file nor one that is being written. */
async function readEntry(folder: string): Promise<QuantisedEntry | null> {
  // A file may be gone by the time it is looked at: its writing has ended.
  const found = (await Promise.all((await weightFiles(folder)).map(async (file) => ({ file, stats: await stat(file).catch(() => null), header: await headerOf(file) })))).filter(({ stats }) => stats !== null)
  if (found.length === 0) return null
  const source = found.find(({ header }) => header !== null)?.header?.source
  const model = source?.['model'] ?? null
  const set = source?.['sae'] ?? null
  return {
    folder,
    kind: model !== null ? 'weights' : set !== null ? 'encoders' : 'damaged',
    model,
    precision: (source?.['precision'] as Precision | undefined) ?? null,
    name: folderName(model ?? set ?? folder),
    // A file that is being written has its full length from the start, with holes.
    bytes: found.reduce((sum, { stats }) => sum + (stats!.blocks > 0 ? Math.min(stats!.size, stats!.blocks * 512) : stats!.size), 0),
    lastUsed: new Date(Math.max(...found.map(({ stats }) => stats!.mtimeMs))),
    isComplete: found.every(({ file, header }) => isWhole(file) && header !== null),
  }
}

const isWhole = (file: string): boolean => !file.endsWith(partialPath(''))

/** Those that are whole and those that are being written. */
async function weightFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => /\.safetensors(\.partial)?$/.test(name)).sort().map((name) => join(folder, name))
}

async function headerOf(file: string): Promise<QuantisedHeader | null> {
  return withFile(file, 'load the model again', readQuantisedLayout).catch((error: unknown) => {
    if (error instanceof InputError) return null
    throw error
  })
}
