// Has a file of quantised matrices in the cache: opens the one that is there, or writes it when it is missing, damaged or of other weights.
import { mkdir, realpath, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { byteText } from '../formats/byteText'
import type { Quantisation } from '../formats/quantise'
import { quantisedLayout, type QuantisedLayout } from '../formats/quantisedLayout'
import type { StoredTensor } from '../formats/tensorEntry'
import { InputError } from '../protocol/errors'
import { takeFileLock } from './fileLock'
import type { QuantisedCache } from './quantisedCache'
import { isQuantisedFile } from './quantisedFile'
import { weightsIdentity } from './weightsIdentity'
import { writeQuantised, writtenBytes } from './writeQuantised'

/** A complete file of quantised matrices, ready to be read. */
export interface QuantisedFile {
  /** Real, absolute path. */
  readonly file: string
  readonly layout: QuantisedLayout
  /** Whether it was not there before. */
  readonly isNew: boolean
}

export interface QuantisedRequest {
  /** Of the entry, in the cache's folder, and of the file in it. */
  readonly entry: string
  readonly fileName: string
  /** For people: `q8 weights of demo/model`. */
  readonly what: string
  /** Row-major matrices by the names they shall have, in groups as `quantisedLayout` takes them. */
  readonly groups: readonly (readonly { readonly name: string; readonly tensor: StoredTensor; readonly block: number }[])[]
  readonly bits: Quantisation['bits']
  /** Kept in the header, where another value makes it another file. `identity` is the `weightsIdentity` of `files`. */
  readonly source: Readonly<Record<string, string>> & { readonly identity: string }
  /** What the matrices were read from; must not change meanwhile. */
  readonly files: readonly string[]
}

/**
 * `onBytes` is told of the writing only. Where another process writes the file already, this one waits for it. Rejects with CancelledError, and
 * with InputError when there is too little room or the folder cannot be written to; what is written by then stays for the next time.
 */
export async function ensureQuantised(cache: QuantisedCache, request: QuantisedRequest, onBytes: (done: number, total: number) => void, signal: AbortSignal): Promise<QuantisedFile> {
  const { entry, fileName, groups, bits, source } = request
  const layout = quantisedLayout(groups.map((group) => group.map(({ name, tensor: { shape }, block }) => ({ name, rows: shape[0]!, columns: shape[1]!, block }))), bits, source)
  try {
    const folder = join(cache.folder, entry)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = join(await realpath(folder), fileName)
    const isNew = !(await isQuantisedFile(file, layout)) && (await writeAlone(cache, request, layout, file, (done) => onBytes(done, layout.fileBytes), signal))
    // When it was used last is when it changed last.
    await utimes(file, new Date(), new Date()).catch(() => {})
    return { file, layout, isNew }
  } catch (error) {
    throw explained(error, cache.folder)
  }
}

/** Whether it was this process that wrote the file. */
async function writeAlone(cache: QuantisedCache, { groups, what, source, files }: QuantisedRequest, layout: QuantisedLayout, file: string, progress: (done: number) => void, signal: AbortSignal): Promise<boolean> {
  const lock = await takeFileLock(`${file}.lock`, signal, async () => progress(await writtenBytes(file, layout)))
  try {
    // Whoever had the lock may have written it.
    if (await isQuantisedFile(file, layout)) return false
    const rounding = cache.startRounding()
    const checkSpace = async (missing: number): Promise<void> => {
      const free = await cache.freeBytes(cache.folder)
      if (free < missing) throw new InputError(`cache folder ${cache.folder} has ${byteText(free)} free, and the ${what} need ${byteText(missing)}`, REMEDY)
    }
    await writeQuantised(file, layout, groups.flat().map(({ tensor }) => tensor), rounding, progress, checkSpace, signal).finally(() => rounding.close())
    if ((await weightsIdentity(files)) !== source.identity) {
      await rm(file, { force: true })
      throw new InputError(`${files[0]} was changed while the ${what} were made of it`, 'load it again')
    }
    return true
  } finally {
    await lock.release()
  }
}

const REMEDY = 'free some space, or name a folder on another disk in PROMPTSCOPE_CACHE'

/** What the disk refuses, in words; anything else as it is. */
function explained(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (['ENOSPC', 'EDQUOT'].includes(code)) return new InputError(`cache folder ${folder} has no room left (${code})`, REMEDY)
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR'].includes(code)) return new InputError(`cache folder ${folder} cannot be written to (${code})`, 'name another folder in PROMPTSCOPE_CACHE')
  return error
}
