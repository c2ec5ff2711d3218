// The cache of quantised weights: finds the file that belongs to a checkpoint and a precision, and has it written when it is not there.
import { createHash } from 'node:crypto'
import { mkdir, realpath, statfs, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { byteText } from '../formats/byteText'
import { QUANTISATIONS } from '../formats/quantise'
import { QUANTISED_VERSION, quantisedLayout, type QuantisedLayout } from '../formats/quantisedLayout'
import { InputError } from '../protocol/errors'
import type { Precision } from '../protocol/values'
import { cacheFolder } from './cacheFolder'
import type { Checkpoint } from './checkpoint'
import { takeFileLock } from './fileLock'
import { isQuantisedFile } from './quantisedFile'
import { ROUNDING_HERE, type Rounding } from './roundingThreads'
import { weightsIdentity } from './weightsIdentity'
import { writeQuantised, writtenBytes } from './writeQuantised'

/** A complete file of quantised weights, ready to be read. */
export interface QuantisedFile {
  /** Real, absolute path. */
  readonly file: string
  readonly layout: QuantisedLayout
  /** Whether it was not there before. */
  readonly isNew: boolean
}

/** A precision whose weights are rounded. */
export type QuantisedPrecision = Exclude<Precision, 'exact'>

/** Where the entries lie, how much more may be put there, and who rounds; tests have their own. */
export interface QuantisedCache {
  readonly folder: string
  readonly freeBytes: (folder: string) => Promise<number>
  /** Called when there is something to round; closed afterwards. */
  readonly startRounding: () => Rounding
}

/** The weights of an entry, which is a folder of the cache that is named by the entry's id. */
export const WEIGHTS_FILE = 'weights.safetensors'

/** The user's. Rounds in the caller's thread unless told otherwise. */
export function userQuantisedCache(startRounding: () => Rounding = () => ROUNDING_HERE): QuantisedCache {
  return {
    folder: join(cacheFolder(), 'quantised'),
    freeBytes: async (folder) => {
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize
    },
    startRounding,
  }
}

/**
 * The file for `matrices`, names of tensors of the checkpoint, at a precision. It is written when it is missing, damaged, or of other weights;
 * `onBytes` is told of the writing only. Where another process writes it already, this one waits for it. Rejects with CancelledError, and with
 * InputError when the disk is full or the folder cannot be written to.
 */
export async function quantisedWeights(
  checkpoint: Checkpoint, matrices: readonly string[], precision: QuantisedPrecision, cache: QuantisedCache, onBytes: (done: number, total: number) => void, signal: AbortSignal,
): Promise<QuantisedFile> {
  const tensors = matrices.map((name) => checkpoint.tensors.get(name)!)
  const source = await sourceOf(checkpoint, precision)
  const layout = quantisedLayout(tensors.map(({ shape }, i) => ({ name: matrices[i]!, rows: shape[0]!, columns: shape[1]! })), QUANTISATIONS[precision], source)
  const progress = (done: number): void => onBytes(done, layout.fileBytes)
  try {
    const folder = join(cache.folder, entryId(checkpoint, precision, source))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = join(await realpath(folder), WEIGHTS_FILE)
    let isNew = false
    if (!(await isQuantisedFile(file, layout))) {
      const lock = await takeFileLock(`${file}.lock`, signal, async () => progress(await writtenBytes(file, layout)))
      try {
        // Whoever had the lock may have written it.
        if (!(await isQuantisedFile(file, layout))) {
          const rounding = cache.startRounding()
          await writeQuantised(file, layout, tensors, rounding, progress, (missing) => checkSpace(cache, precision, checkpoint.name, missing), signal).finally(() => rounding.close())
          if ((await sourceOf(checkpoint, precision)).identity !== source.identity) throw new InputError(`model ${checkpoint.path} was changed while its weights were read`, 'load it again')
          isNew = true
        }
      } finally {
        await lock.release()
      }
    }
    // When it was used last is when it changed last.
    await utimes(file, new Date(), new Date()).catch(() => {})
    return { file, layout, isNew }
  } catch (error) {
    throw explained(error, cache.folder)
  }
}

/** Where the weights of a checkpoint lie at a precision, or would. */
export async function entryFolder(checkpoint: Checkpoint, precision: QuantisedPrecision, cache: Pick<QuantisedCache, 'folder'>): Promise<string> {
  return join(cache.folder, entryId(checkpoint, precision, await sourceOf(checkpoint, precision)))
}

/** What the header of a file says of the weights that it was made of. */
interface WeightsSource extends Readonly<Record<string, string>> {
  readonly precision: string
  readonly model: string
  readonly identity: string
}

async function sourceOf(checkpoint: Checkpoint, precision: QuantisedPrecision): Promise<WeightsSource> {
  return { precision, model: checkpoint.path, identity: await weightsIdentity(Array.from(checkpoint.tensors.values(), ({ file }) => file)) }
}

/** Readable, and another one for other weights or another way of rounding them. */
function entryId({ name }: Checkpoint, precision: QuantisedPrecision, source: WeightsSource): string {
  const key = createHash('sha256').update(JSON.stringify([QUANTISED_VERSION, QUANTISATIONS[precision], source])).digest('hex').slice(0, 16)
  return `${name.replace(/[^\w.-]/g, '_').slice(0, 60)}-${precision}-${key}`
}

async function checkSpace({ folder, freeBytes }: QuantisedCache, precision: Precision, model: string, missing: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free < missing) throw new InputError(`cache folder ${folder} has ${byteText(free)} free, and the ${precision} weights of ${model} need ${byteText(missing)}`, REMEDY)
}

const REMEDY = 'free some space, or name a folder on another disk in PROMPTSCOPE_CACHE'

/** What the disk refuses, in words; anything else as it is. */
function explained(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOSPC' || code === 'EDQUOT') return new InputError(`cache folder ${folder} has no room left (${code})`, REMEDY)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') return new InputError(`cache folder ${folder} cannot be written to (${code})`, 'name another folder in PROMPTSCOPE_CACHE')
  return error
}
