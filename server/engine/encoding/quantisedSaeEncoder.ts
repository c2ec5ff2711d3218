// The encoder of an SAE rounded to 8 bits, as a file of the cache of quantised weights: written when it is first asked for.
import { createHash } from 'node:crypto'
import { ensureQuantised } from '../../checkpoint/ensureQuantised'
import { folderName } from '../../checkpoint/folderName'
import type { QuantisedCache } from '../../checkpoint/quantisedCache'
import { weightsIdentity } from '../../checkpoint/weightsIdentity'
import type { QuantisedMatrix } from '../../formats/quantisedLayout'
import type { SaeLayer } from '../../formats/saeLayer'

/** W_enc (d_sae, d_model) and the file that it lies in. */
export interface QuantisedSaeEncoder {
  /** Real, absolute path. */
  readonly file: string
  readonly matrix: QuantisedMatrix
  /** Weights that share a scale. */
  readonly block: number
}

/** A large block takes the least memory and time; what it rounds more coarsely is made good for by exact values. */
const QUANTISATION = { bits: 8, block: 128 } as const

const NEVER = new AbortController().signal

/** `set` is the path of the SAE set that the layer belongs to. `onBytes` is told of the writing only. Rejects with InputError as `ensureQuantised` does. */
export async function quantisedSaeEncoder(set: string, { W_enc, layer }: SaeLayer, cache: QuantisedCache, onBytes: (done: number, total: number) => void): Promise<QuantisedSaeEncoder> {
  const name = folderName(set)
  const request = {
    // Another encoder of the layer, or one that changed, is written in the place of the old one: there is never more than one.
    entry: `${name.replace(/[^\w.-]/g, '_').slice(0, 60)}-encoders-${createHash('sha256').update(set).digest('hex').slice(0, 16)}`,
    fileName: `layer${layer}.safetensors`,
    what: `rounded encoders of ${name}`,
    groups: [[{ name: 'W_enc', tensor: W_enc, block: QUANTISATION.block }]],
    bits: QUANTISATION.bits,
    source: { sae: set, file: W_enc.file, identity: await weightsIdentity([W_enc.file]) },
    files: [W_enc.file],
  }
  const { file, layout } = await ensureQuantised(cache, request, onBytes, NEVER)
  return { file, matrix: layout.matrices[0]!, block: QUANTISATION.block }
}
