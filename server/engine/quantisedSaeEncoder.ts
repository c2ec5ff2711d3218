// The encoder of an SAE rounded to 8 bits, as a file of the cache of quantised weights: written when it is first asked for.
import { createHash } from 'node:crypto'
import { mkdir, realpath, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { takeFileLock } from '../checkpoint/fileLock'
import type { QuantisedCache } from '../checkpoint/quantisedCache'
import { isQuantisedFile } from '../checkpoint/quantisedFile'
import { weightsIdentity } from '../checkpoint/weightsIdentity'
import { writeQuantised } from '../checkpoint/writeQuantised'
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

/** `onBytes` is told of the writing only. Rejects with what the disk says. */
export async function quantisedSaeEncoder(sae: SaeLayer, cache: QuantisedCache, onBytes: (done: number, total: number) => void): Promise<QuantisedSaeEncoder> {
  const { W_enc } = sae
  const identity = await weightsIdentity([W_enc.file])
  const matrices = [{ name: 'W_enc', rows: W_enc.shape[0]!, columns: W_enc.shape[1]! }]
  const layout = quantisedLayout(matrices, QUANTISATION, { sae: W_enc.file, tensor: W_enc.name, identity })
  await mkdir(cache.folder, { recursive: true, mode: 0o700 })
  const folder = await realpath(cache.folder)
  const key = createHash('sha256').update(layout.header([])).digest('hex').slice(0, 16)
  const file = join(folder, `${basename(W_enc.file).replace(/[^\w.-]/g, '_').slice(0, 60)}-encoder-${key}.safetensors`)
  if (!(await isQuantisedFile(file, layout))) {
    const lock = await takeFileLock(`${file}.lock`, NEVER, async () => {})
    try {
      if (!(await isQuantisedFile(file, layout))) {
        await writeQuantised(file, layout, [W_enc], (done) => onBytes(done, layout.fileBytes), (missing) => checkSpace(cache, folder, missing), NEVER)
      }
    } finally {
      await lock.release()
    }
  }
  await utimes(file, new Date(), new Date()).catch(() => {})
  return { file, matrix: layout.matrices[0]!, block: QUANTISATION.block }
}

async function checkSpace(cache: QuantisedCache, folder: string, missing: number): Promise<void> {
  const free = await cache.freeBytes(folder)
  if (free < missing) throw new InputError(`cache folder ${folder} has no room for a rounded SAE encoder of ${missing} bytes`, 'free some space')
}
