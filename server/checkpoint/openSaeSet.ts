// Opens an SAE set folder: its configuration and, per layer, where the four tensors lie; and says whether it fits a model.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../formats/quote'
import { parseSaeConfig, saeLayerFile, saeLayerOf, saeTensors, type SaeConfig } from '../formats/saeConfig'
import type { StoredTensor } from '../formats/tensorEntry'
import { readTorchFile } from '../formats/torchPickle'
import { InputError } from '../protocol/errors'
import type { Pairing } from '../protocol/values'
import type { Checkpoint, SaeLayer, SaeSet } from './checkpoint'
import { readJson, realFolder, withFile } from './fileSource'
import { folderName } from './folderName'

const REMEDY = 'choose a folder that holds a Qwen-Scope SAE set'

/** Throws InputError when the folder, its configuration, a layer file or a tensor is missing, damaged or of the wrong size. */
export async function openSaeSet(folder: string): Promise<SaeSet> {
  const path = await realFolder(folder, 'SAE folder')
  const configFile = join(folder, 'config.json')
  const config = parseSaeConfig(await readJson(configFile, REMEDY), configFile)
  const layers = new Map<number, SaeLayer>()
  for (const layer of await layersIn(folder, config)) layers.set(layer, await openLayer(folder, layer, config))
  return { path, name: folderName(path), layout: 'Qwen-Scope', ...config, layers }
}

/** Throws InputError when the SAE set was made for a model of another size. */
export function checkPairing(checkpoint: Checkpoint, saeSet: SaeSet): void {
  const problem = pairingProblem(checkpoint.config, saeSet)
  if (problem) throw new InputError(`SAE set ${saeSet.path} ${problem}`, `choose the SAE set of ${checkpoint.name}, or the model ${saeSet.baseModel ?? 'that it was made for'}`)
}

/** How the two belong together, as far as their files tell. */
export function pairingOf(checkpoint: Checkpoint, saeSet: Pick<SaeSet, 'baseModel' | 'dModel' | 'modelLayers'>): Pairing {
  const problem = pairingProblem(checkpoint.config, saeSet)
  if (problem) return { kind: 'mismatch', note: problem }
  return { kind: 'unknown', note: saeSet.baseModel === null ? 'the SAE set does not say which model it was trained on' : `trained on ${saeSet.baseModel}` }
}

/** Why the two do not fit each other, beginning with a verb, or null when they do. */
export function pairingProblem(model: { readonly dModel: number; readonly layers: number }, sae: { readonly dModel: number; readonly modelLayers: number | null }): string | null {
  if (sae.dModel !== model.dModel) return `is for d_model ${sae.dModel} and the model has ${model.dModel}`
  if (sae.modelLayers !== null && sae.modelLayers !== model.layers) return `is for ${sae.modelLayers} layers and the model has ${model.layers}`
  return null
}

async function layersIn(folder: string, config: SaeConfig): Promise<number[]> {
  const layers = (await readdir(folder)).map(saeLayerOf).filter((layer): layer is number => layer !== null)
  const beyond = layers.find((layer) => layer >= config.modelLayers)
  if (beyond !== undefined) throw new InputError(`${join(folder, saeLayerFile(beyond))} is beyond the ${config.modelLayers} layers that config.json tells`, 'use the config.json that came with the SAE set')
  if (layers.length === 0) throw new InputError(`${folder} has no layer file such as ${saeLayerFile(0)}`, REMEDY)
  return layers.sort((a, b) => a - b)
}

async function openLayer(folder: string, layer: number, config: SaeConfig): Promise<SaeLayer> {
  const path = join(folder, saeLayerFile(layer))
  return withFile(path, REMEDY, async (source) => {
    const { tensors } = await readTorchFile(source)
    const shapes = saeTensors(config)
    const take = (name: keyof typeof shapes): StoredTensor => {
      const tensor = tensors.get(name)
      if (!tensor) throw new InputError(`${path} has no tensor ${quote(name)}`, 'download or copy the file again')
      if (tensor.shape.join() !== shapes[name].join()) {
        throw new InputError(`${path} tensor ${quote(name)} has the shape [${tensor.shape.join(', ')}] where config.json asks for [${shapes[name].join(', ')}]`, 'use the config.json that came with the SAE set')
      }
      if (tensor.dtype !== 'F32' && tensor.dtype !== 'F16' && tensor.dtype !== 'BF16') {
        throw new InputError(`${path} tensor ${quote(name)} has the dtype ${tensor.dtype}, which is not supported`, 'convert it to float32, float16 or bfloat16')
      }
      return { ...tensor, file: source.file }
    }
    return {
      layer,
      dSae: config.dSae,
      W_enc: take('W_enc'),
      b_enc: take('b_enc'),
      W_dec: take('W_dec'),
      b_dec: take('b_dec'),
      input: { scale: { kind: 'none' }, subtractsDecoderBias: false },
      activation: { kind: 'topk', k: config.k },
      decoderNorm: 'ignored',
    }
  })
}
