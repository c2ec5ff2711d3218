// Opens a checkpoint folder: reads its configuration and the headers of its shards, and checks that every weight is there.
import { join } from 'node:path'
import { parseModelConfig } from '../formats/modelConfig'
import { modelTensors } from '../formats/modelTensors'
import { quote } from '../formats/quote'
import { readSafetensors } from '../formats/safetensors'
import { parseSafetensorsIndex } from '../formats/safetensorsIndex'
import type { StoredTensor, TensorEntry } from '../formats/tensorEntry'
import { InputError } from '../protocol/errors'
import type { Checkpoint } from './checkpoint'
import { isThere, readJson, readJsonIfThere, realFolder, withFile } from './fileSource'
import { folderName } from './folderName'
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
  const tensors = await locateTensors(folder, wanted)
  const parameters = [...wanted.values()].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)
  return { path, name: folderName(path), config, tensors, stopIds: await readStopIds(folder, configJson, config.vocabSize), parameters }
}

/** Every wanted tensor, checked, with its file, from the shards that hold them. */
async function locateTensors(folder: string, wanted: ReadonlyMap<string, readonly number[]>): Promise<Map<string, StoredTensor>> {
  const located = new Map<string, StoredTensor>()
  for (const [shard, names] of await shardsOf(folder, wanted)) {
    const path = join(folder, shard)
    await withFile(path, 'download or copy it into the folder', async (source) => {
      const { tensors } = await readSafetensors(source)
      for (const name of names) {
        const tensor = tensors.get(name)
        if (!tensor) throw new InputError(`${path} has no tensor ${quote(name)}`, 'download or copy the file again')
        checkTensor(path, tensor, wanted.get(name)!)
        located.set(name, { ...tensor, file: source.file })
      }
    })
  }
  return located
}

/** Wanted tensor names by shard file. */
async function shardsOf(folder: string, wanted: ReadonlyMap<string, unknown>): Promise<Map<string, string[]>> {
  const indexFile = join(folder, `${SINGLE_FILE}.index.json`)
  const index = await readJsonIfThere(indexFile, REMEDY)
  if (index === undefined) {
    if (!(await isThere(join(folder, SINGLE_FILE)))) throw new InputError(`${folder} has no ${SINGLE_FILE}`, REMEDY)
    return new Map([[SINGLE_FILE, [...wanted.keys()]]])
  }
  const shardOf = parseSafetensorsIndex(index, indexFile)
  const shards = new Map<string, string[]>()
  for (const name of wanted.keys()) {
    const shard = shardOf.get(name)
    if (shard === undefined) throw new InputError(`${indexFile} has no tensor ${quote(name)}`, 'use the index that came with the model')
    shards.set(shard, [...(shards.get(shard) ?? []), name])
  }
  return shards
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
