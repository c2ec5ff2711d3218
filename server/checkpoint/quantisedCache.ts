// The cache of quantised weights: where it lies, and which of its entries belongs to a checkpoint at a precision.
import { createHash } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import path, { join } from 'node:path'
import { blockOf, QUANTISATIONS } from '../formats/quantise'
import { QUANTISED_VERSION } from '../formats/quantisedLayout'
import { InputError } from '../protocol/errors'
import type { Precision } from '../protocol/values'
import { cacheFolder } from './cacheFolder'
import type { Checkpoint } from './checkpoint'
import { ensureQuantised, type QuantisedFile, type QuantisedRequest } from './ensureQuantised'
import { ROUNDING_HERE, type Rounding } from './roundingThreads'
import { weightsIdentity } from './weightsIdentity'

/** A precision whose weights are rounded. */
export type QuantisedPrecision = Exclude<Precision, 'exact'>

/** Where the entries lie, how much more may be put there, and who rounds; tests have their own. */
export interface QuantisedCache {
  readonly folder: string
  readonly freeBytes: (folder: string) => Promise<number>
  /** Called when there is something to round; closed afterwards. */
  readonly startRounding: () => Rounding
}

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

/** The file for `groups` of matrices, names of tensors of the checkpoint, at a precision. As `ensureQuantised`. */
export async function quantisedWeights(
  checkpoint: Checkpoint, groups: readonly (readonly string[])[], precision: QuantisedPrecision, cache: QuantisedCache, onBytes: (done: number, total: number) => void, signal: AbortSignal,
): Promise<QuantisedFile> {
  refuseOtherDrive(checkpoint.path, cache.folder)
  const source = await sourceOf(checkpoint, precision)
  return ensureQuantised(cache, {
    entry: entryId(checkpoint, precision, source),
    fileName: 'weights.safetensors',
    what: `${precision} weights of ${checkpoint.name}`,
    groups: groups.map((names) => names.map((name) => ({ name, tensor: checkpoint.tensors.get(name)!, block: blockOf(precision, name) }))),
    bits: QUANTISATIONS[precision].bits,
    source,
    files: filesOf(checkpoint),
  }, onBytes, signal)
}

/** The runtime reads weights from below one folder, which two drives have not in common. `system` is that of the paths. */
export function refuseOtherDrive(model: string, folder: string, system = path): void {
  const drive = (file: string): string => system.parse(file).root.toLowerCase()
  if (drive(model) !== drive(folder)) throw new InputError(`model ${model} and the cache folder ${folder} lie on different drives`, 'name a folder on the drive of the model in PROMPTSCOPE_CACHE')
}

/** Where the weights of a checkpoint lie at a precision, or would. */
export async function entryFolder(checkpoint: Checkpoint, precision: QuantisedPrecision, cache: Pick<QuantisedCache, 'folder'>): Promise<string> {
  return join(cache.folder, entryId(checkpoint, precision, await sourceOf(checkpoint, precision)))
}

async function sourceOf(checkpoint: Checkpoint, precision: QuantisedPrecision): Promise<QuantisedRequest['source']> {
  return { precision, model: checkpoint.path, identity: await weightsIdentity(filesOf(checkpoint)) }
}

const filesOf = ({ tensors }: Checkpoint): readonly string[] => [...new Set(Array.from(tensors.values(), ({ file }) => file))]

/** Readable, and another one for other weights or another way of rounding them. */
function entryId({ name }: Checkpoint, precision: QuantisedPrecision, source: QuantisedRequest['source']): string {
  const key = createHash('sha256').update(JSON.stringify([QUANTISED_VERSION, source])).digest('hex').slice(0, 16)
  return `${name.replace(/[^\w.-]/g, '_').slice(0, 60)}-${precision}-${key}`
}
