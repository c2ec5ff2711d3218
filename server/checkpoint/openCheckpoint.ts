// Opens a checkpoint folder: reads its configuration and the headers of its shards, and checks that every weight is there.
import { join } from 'node:path'
import { parseModelConfig } from '../formats/modelConfig'
import { tensorPlaces, type TensorPlace } from '../formats/checkpointLayout'
import { modelTensors } from '../formats/modelTensors'
import { quote } from '../formats/quote'
import { readSafetensors } from '../formats/safetensors'
import { parseSafetensorsIndex } from '../formats/safetensorsIndex'
import { DTYPE_BYTES, rowMajorStride, type StoredTensor, type TensorEntry } from '../formats/tensorEntry'
import { InputError } from '../protocol/errors'
import type { Checkpoint } from './checkpoint'
import { isThere, readJson, readJsonIfThere, realFolder, withFile } from './fileSource'
import { cachedRepositoryName, folderName } from './folderName'
import { readStopIds } from './stopIds'

const REMEDY = 'choose a folder that holds a Hugging Face checkpoint'
const SINGLE_FILE = 'model.safetensors'

/** Throws InputError when the folder, its configuration, a shard or a weight is missing, damaged or not what the architecture needs. */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const path = await realFolder(folder, 'model folder')
  const configFile = join(folder, 'config.json')
  const configJson = await readJson(configFile, REMEDY)
  const config = parseModelConfig(configJson, configFile)
  const wanted = modelTensors(config)
  const tensors = await locateTensors(folder, wanted, 'experts' in config ? config.experts.count : 0)
  const parameters = [...wanted.values()].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)
  return { path, name: folderName(path), config, tensors, stopIds: await readStopIds(folder, configJson, config.vocabSize), parameters }
}

/** Every wanted tensor, checked, with its file, from the shards that hold them. */
async function locateTensors(folder: string, wanted: ReadonlyMap<string, readonly number[]>, experts: number): Promise<Map<string, StoredTensor>> {
  const { shardOf, indexFile } = await storedTensors(folder)
  const places = tensorPlaces(wanted, new Set(shardOf.keys()), experts)
  const byShard = new Map<string, string[]>()
  for (const [name, place] of places) {
    const shard = shardOf.get(place.name)
    if (shard === undefined) throw new InputError(`${indexFile} has no tensor ${quote(place.name)}`, indexFile.endsWith('.json') ? 'use the index that came with the model' : 'download or copy the file again')
    const names = byShard.get(shard)
    if (names) names.push(name)
    else byShard.set(shard, [name])
  }
  const located = new Map<string, StoredTensor>()
  for (const [shard, names] of byShard) {
    const path = join(folder, shard)
    await withFile(path, bringMissing(folder, 'download or copy it into the folder'), async (source) => {
      const { tensors } = await readSafetensors(source)
      for (const name of names) {
        const place = places.get(name)!
        const tensor = tensors.get(place.name)
        if (!tensor) throw new InputError(`${path} has no tensor ${quote(place.name)}`, 'download or copy the file again')
        checkTensor(path, tensor, place.shape)
        located.set(name, { ...partOf(tensor, place, wanted.get(name)!), file: source.file })
      }
    })
  }
  return new Map(Array.from(wanted.keys(), (name) => [name, located.get(name)!]))
}

/** The part of a stored tensor that a place means, as a tensor of its own. */
function partOf(tensor: TensorEntry, { firstElement }: TensorPlace, shape: readonly number[]): TensorEntry {
  if (firstElement === null) return tensor
  const width = DTYPE_BYTES[tensor.dtype]
  const length = shape.reduce((count, size) => count * size, 1) * width
  return { ...tensor, shape, stride: rowMajorStride(shape), offset: tensor.offset + firstElement * width, length }
}

/** In a cache a file that is missing is one whose download did not end. */
function bringMissing(folder: string, otherwise: string): string {
  const repository = cachedRepositoryName(folder)
  return repository === null ? otherwise : `finish its download with: promptscope download ${repository}`
}

/** The shard of every tensor that the folder holds, and the file that tells. */
async function storedTensors(folder: string): Promise<{ readonly shardOf: ReadonlyMap<string, string>; readonly indexFile: string }> {
  const indexFile = join(folder, `${SINGLE_FILE}.index.json`)
  const index = await readJsonIfThere(indexFile, REMEDY)
  if (index !== undefined) return { shardOf: parseSafetensorsIndex(index, indexFile), indexFile }
  const path = join(folder, SINGLE_FILE)
  if (!(await isThere(path))) throw new InputError(`${folder} has no ${SINGLE_FILE}`, bringMissing(folder, REMEDY))
  const { tensors } = await withFile(path, REMEDY, readSafetensors)
  return { shardOf: new Map(Array.from(tensors.keys(), (name) => [name, SINGLE_FILE])), indexFile: path }
}

function checkTensor(path: string, tensor: TensorEntry, shape: readonly number[]): void {
  const subject = `${path} tensor ${quote(tensor.name)}`
  if (tensor.shape.join() !== shape.join()) {
    throw new InputError(`${subject} has the shape [${tensor.shape.join(', ')}] where config.json asks for [${shape.join(', ')}]`, 'use the config.json that came with the weights')
  }
  if (tensor.dtype !== 'F32' && tensor.dtype !== 'F16' && tensor.dtype !== 'BF16') {
    throw new InputError(`${subject} has the dtype ${tensor.dtype}, which is not supported`, 'convert it to BF16, F16 or F32')
  }
}
