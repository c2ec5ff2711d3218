// Finds the folders that a choice of model means: the demo model when none is named, and the SAE set that belongs to a model.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { parseSaeConfig, type SaeConfig } from '../formats/saeConfig'
import { parseModelConfig } from '../formats/modelConfig'
import { InputError } from '../protocol/errors'
import { readJsonIfThere } from './fileSource'
import { pairingProblem } from './openSaeSet'

/** Folders to load, absolute, and what the user should know about how they were found. */
export interface ModelLocation {
  readonly modelPath: string
  /** Null when there is no SAE set: the model runs without features. */
  readonly saePath: string | null
  readonly note: string | null
}

/** Folders looked into beside a model. */
const MOST_FOLDERS = 500

/** `model` and `sae` may be empty; `demo` is used when both name no other. Checks no more than it must; opening the folders names what is wrong with them. */
export async function locateModel(choice: { readonly model: string; readonly sae: string }, demo: { readonly model: string; readonly sae: string }): Promise<ModelLocation> {
  const modelPath = resolve(choice.model === '' ? demo.model : choice.model)
  if (choice.sae !== '') return { modelPath, saePath: resolve(choice.sae), note: null }
  if (modelPath === resolve(demo.model)) return { modelPath, saePath: resolve(demo.sae), note: null }
  const saePath = await findSaeSetOf(modelPath)
  return { modelPath, saePath, note: saePath === null ? `no SAE set for ${modelPath} was found beside it, so there are no features; name one with --sae` : `using the SAE set ${saePath}` }
}

/**
 * The SAE set that belongs to a model: of the model's size, and either inside the model's folder, or beside it under the name `sae` or
 * `<model>-sae`, or beside it and trained on a model of this name. Null when there is none or the model cannot be read.
 */
export async function findSaeSetOf(modelPath: string): Promise<string | null> {
  const model = await readConfig(join(modelPath, 'config.json'), parseModelConfig)
  if (!model) return null
  const name = basename(modelPath)
  const fits = async (folder: string, mustNameModel: boolean): Promise<boolean> => {
    const config = await readConfig(join(folder, 'config.json'), parseSaeConfig)
    return config !== null && pairingProblem(model, config) === null && (!mustNameModel || isTrainedOn(config, name))
  }
  for (const folder of await foldersIn(modelPath)) if (await fits(folder, false)) return folder
  const beside = dirname(modelPath)
  for (const folder of [join(beside, `${name}-sae`), join(beside, 'sae')]) if (await fits(folder, false)) return folder
  for (const folder of await foldersIn(beside)) if (folder !== modelPath && (await fits(folder, true))) return folder
  return null
}

/** A base model's SAEs are read on its post-trained version as well: `Qwen3-1.7B-Base` belongs to `Qwen3-1.7B`. */
function isTrainedOn({ baseModel }: SaeConfig, modelName: string): boolean {
  const plain = (name: string): string => basename(name).toLowerCase().replace(/-base$/, '')
  return baseModel !== null && plain(baseModel) === plain(modelName)
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map((entry) => join(folder, entry.name)).sort().slice(0, MOST_FOLDERS)
}

/** Null when the file is missing or says something else. */
async function readConfig<Config>(file: string, parse: (json: unknown, fileName: string) => Config): Promise<Config | null> {
  try {
    const json = await readJsonIfThere(file, '')
    return json === undefined ? null : parse(json, file)
  } catch (error) {
    if (error instanceof InputError) return null
    throw error
  }
}
