// Opens an SAE set folder: which SAEs it holds and, per layer, where their tensors lie.
import { join } from 'node:path'
import type { ByteSource } from '../formats/byteSource'
import { readNpz } from '../formats/npz'
import type { SaeLayer } from '../formats/saeLayer'
import { readSafetensors } from '../formats/safetensors'
import type { StoredTensor, TensorEntry } from '../formats/tensorEntry'
import { readTorchFile } from '../formats/torchPickle'
import { InputError } from '../protocol/errors'
import type { SaeSet } from './checkpoint'
import { isThere, readJson, realFolder, withFile } from './fileSource'
import { folderName } from './folderName'
import { findSaes, type FoundSae } from './saeFolders'

const REMEDY = 'choose a folder that holds an SAE set, such as one of Qwen-Scope'

/** Throws InputError when the folder, its configuration, a layer file or a tensor is missing, damaged or of the wrong size. Reads headers, no weights. */
export async function openSaeSet(folder: string): Promise<SaeSet> {
  const path = await realFolder(folder, 'SAE folder')
  const found = await findSaes(folder)
  if (!found || found.saes.length === 0) return refuseEmpty(folder)
  const byLayer = new Map<number, SaeLayer>()
  for (const sae of found.saes.toSorted((a, b) => a.source.layer - b.source.layer)) {
    refuseSecond(sae, found.saes)
    byLayer.set(sae.source.layer, await openSae(sae))
  }
  const layers = [...byLayer.values()]
  const [first] = layers as [SaeLayer, ...SaeLayer[]]
  for (const layer of layers) refuseOtherSize(layer, first)
  const { layout, baseModel, modelLayers } = found
  return { path, name: folderName(path), layout, baseModel, modelLayers, dModel: first.W_enc.shape[1]!, dSae: first.dSae, k: activeLimit(layers), layers: byLayer }
}

async function openSae({ source, file }: FoundSae): Promise<SaeLayer> {
  return withFile(file, REMEDY, async (bytes) => {
    const entries = await readTensors(bytes)
    const byName = new Map<string, StoredTensor>(Array.from(entries, ([name, entry]) => [name, { ...entry, file: bytes.file }]))
    return source.read({ fileName: file, byName })
  })
}

/** By the end of the file's name: torch, numpy or safetensors. */
async function readTensors(bytes: ByteSource): Promise<ReadonlyMap<string, TensorEntry>> {
  if (/\.pth?$/.test(bytes.name)) return (await readTorchFile(bytes)).tensors
  return bytes.name.endsWith('.npz') ? readNpz(bytes) : (await readSafetensors(bytes)).tensors
}

/** Sets with several SAEs per layer differ in width or sparsity; which one is meant only the user knows. */
function refuseSecond({ source: { layer }, file }: FoundSae, all: readonly FoundSae[]): void {
  const other = all.find((sae) => sae.source.layer === layer && sae.file !== file)
  if (other) throw new InputError(`${file} and ${other.file} are both SAEs of layer ${layer}`, 'choose a folder that holds one SAE per layer')
}

function refuseOtherSize(layer: SaeLayer, first: SaeLayer): void {
  if (layer.dSae === first.dSae && layer.W_enc.shape[1] === first.W_enc.shape[1]) return
  throw new InputError(`${layer.W_enc.file} is of the size ${sizeText(layer)} and ${first.W_enc.file} of ${sizeText(first)}`, 'choose a folder whose SAEs are of one size')
}

const sizeText = ({ W_enc }: SaeLayer): string => `${W_enc.shape[0]} features by d_model ${W_enc.shape[1]}`

function activeLimit(layers: readonly SaeLayer[]): number | null {
  const limits = layers.map(({ activation }) => (activation.kind === 'topk' ? activation.k : null))
  return limits.some((limit) => limit === null) ? null : Math.max(...(limits as number[]))
}

async function refuseEmpty(folder: string): Promise<never> {
  const config = join(folder, 'config.json')
  // Names what is wrong with the file that every Qwen-Scope set has, where that is the trouble.
  if (!(await isThere(config))) throw new InputError(`${config} is missing`, REMEDY)
  await readJson(config, REMEDY)
  throw new InputError(`${folder} has no layer file such as layer0.sae.pt`, REMEDY)
}
