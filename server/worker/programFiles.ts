// The files that a loaded model and its SAE set consist of, for a debug client's list of sources.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openCheckpoint } from '../checkpoint/openCheckpoint'
import { openSaeSet } from '../checkpoint/openSaeSet'
import { weightsIdentity } from '../checkpoint/weightsIdentity'
import type { ProgramFile } from '../debug/program'
import type { LoadedModel } from '../engine/engine'

/** Files that lie beside the weights, where there are such. */
const BESIDE = ['config.json', 'tokenizer.json']

/** Those of the model first, each part's in order of path. Reads headers and samples. Throws InputError for a folder that can no longer be read. */
export async function programFiles({ identity, sae }: Pick<LoadedModel, 'identity' | 'sae'>): Promise<ProgramFile[]> {
  const { tensors } = await openCheckpoint(identity.path)
  const ofModel = await describe('model', identity.path, Array.from(tensors.values(), ({ file }) => file))
  if (sae === null) return ofModel
  const { layers } = await openSaeSet(sae.path)
  return [...ofModel, ...(await describe('sae', sae.path, Array.from(layers.values(), ({ W_enc }) => W_enc.file)))]
}

async function describe(part: ProgramFile['part'], folder: string, weights: readonly string[]): Promise<ProgramFile[]> {
  const paths = [...new Set([...BESIDE.map((name) => join(folder, name)), ...weights])].sort()
  const files = await Promise.all(paths.map(async (path): Promise<ProgramFile[]> => {
    const found = await stat(path).catch(() => null)
    return found?.isFile() ? [{ part, path, bytes: found.size, identity: await weightsIdentity([path]) }] : []
  }))
  return files.flat()
}
