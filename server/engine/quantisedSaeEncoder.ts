// The encoder of an SAE rounded to 8 bits, as a file of the cache of quantised weights: written when it is first asked for.
import { createHash } from 'node:crypto'
import { mkdir, realpath, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { takeFileLock } from '../checkpoint/fileLock'
import { folderName } from '../checkpoint/folderName'
import type { QuantisedCache } from '../checkpoint/quantisedCache'
import { isQuantisedFile } from '../checkpoint/quantisedFile'
import { weightsIdentity } from '../checkpoint/weightsIdentity'
import { writeQuantised } from '../checkpoint/writeQuantised'
import { byteText } from '../formats/byteText'
import { quantisedLayout, type QuantisedMatrix } from '../formats/quantisedLayout'
import type { SaeLayer } from '../formats/saeLayer'
import { InputError } from '../protocol/errors'

/** W_enc (d_sae, d_model) and the file that it lies in. */
export interface QuantisedSaeEncoder {
  readonly file: string
  readonly matrix: QuantisedMatrix
  readonly block: number
}

/** Weights that share a scale: the largest block that the operator knows takes the least memory and time, and rounding is made good for. */
const QUANTISATION = { bits: 8, block: 128 } as const

const NEVER = new AbortController().signal

/** `set` is the path of the SAE set that `sae` belongs to. `onBytes` is told of the writing only. Rejects with what the disk says. */
export async function quantisedSaeEncoder(set: string, sae: SaeLayer, cache: QuantisedCache, onBytes: (done: number, total: number) => void): Promise<QuantisedSaeEncoder> {
  const { W_enc } = sae
  const identity = await weightsIdentity([W_enc.file])
  const layout = quantisedLayout([{ name: 'W_enc', rows: W_enc.shape[0]!, columns: W_enc.shape[1]! }], QUANTISATION, { sae: set, file: W_enc.file, identity })
  const folder = join(cache.folder, entryId(set))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // Another file in its place, or of another identity, is written anew: there is never more than one of a layer.
  const file = join(await realpath(folder), `layer${sae.layer}.safetensors`)
  if (!(await isQuantisedFile(file, layout))) {
    const lock = await takeFileLock(`${file}.lock`, NEVER, async () => {})
    try {
      if (!(await isQuantisedFile(file, layout))) {
        const rounding = cache.startRounding()
        await writeQuantised(file, layout, [W_enc], rounding, (done) => onBytes(done, layout.fileBytes), (missing) => checkSpace(cache, missing), NEVER).finally(() => rounding.close())
      }
    } finally {
      await lock.release()
    }
  }
  // When it was used last is when it changed last.
  await utimes(file, new Date(), new Date()).catch(() => {})
  return { file, matrix: layout.matrices[0]!, block: QUANTISATION.block }
}

/** Readable, and one for each set. */
function entryId(set: string): string {
  return `${folderName(set).replace(/[^\w.-]/g, '_').slice(0, 60)}-encoders-${createHash('sha256').update(set).digest('hex').slice(0, 16)}`
}

async function checkSpace({ folder, freeBytes }: QuantisedCache, missing: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free < missing) throw new InputError(`cache folder ${folder} has ${byteText(free)} free, and an SAE encoder needs ${byteText(missing)}`, 'free some space')
}
