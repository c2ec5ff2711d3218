// Opens a session for a graph over the files of one SAE.
import type { SaeLayer } from '../../formats/saeLayer'
import type { StoredTensor } from '../../formats/tensorEntry'
import { InputError } from '../../protocol/errors'
import { weightFolder } from '../baseFolder'
import { openSession, type Session } from '../onnx'

export interface SaeSessionOptions {
  readonly providers: readonly string[]
  readonly threads: number
}

/** Throws InputError when the file is not what its header says. */
export async function openSaeGraph(sae: SaeLayer, build: (sae: SaeLayer, location: (file: string) => string) => Uint8Array, options: SaeSessionOptions): Promise<Session> {
  const { baseFolder, location } = weightFolder(filesOf(sae))
  try {
    // Unpacked, the matrix stays in its file: only the pages that are read take memory, and the system may have them back.
    return (await openSession(build(sae, location), { baseFolder, prepack: false, ...options })).session
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError(`SAE ${sae.W_enc.file} cannot be loaded (${(error as Error).message})`, 'check that the file is complete')
  }
}

function filesOf(sae: SaeLayer): string[] {
  const { activation } = sae
  const others = activation.kind === 'gated' ? [activation.b_gate, activation.b_mag, activation.r_mag] : activation.kind === 'jumprelu' && typeof activation.threshold !== 'number' ? [activation.threshold] : []
  return [sae.W_enc, sae.b_enc, sae.W_dec, sae.b_dec, ...others].filter((tensor): tensor is StoredTensor => tensor !== null).map(({ file }) => file)
}
