// Looks through folders for checkpoints and SAE sets and says which can be used together, and whether they fit in memory.
import { readdir, realpath } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { parseModelConfig, type ModelConfig } from '../formats/modelConfig'
import { parseSaeConfig, type SaeConfig } from '../formats/saeConfig'
import { InputError } from '../protocol/errors'
import type { ModelListing } from '../protocol/requests'
import { readJsonIfThere } from './fileSource'
import { folderName } from './folderName'
import { openCheckpoint } from './openCheckpoint'
import { pairingProblem } from './openSaeSet'

export interface FindOptions {
  /** Bytes of memory that a model may fill; by default four fifths of this machine's. */
  readonly memoryBytes?: number
}

/** Most folders looked into per given folder. */
const FOLDER_LIMIT = 2000

/** Positions that the memory estimate allows for. */
const CACHE_POSITIONS = 4096

/**
 * Models in the given folders and their subfolders, two deep, in order; a folder that does not exist holds none. SAE sets
 * are looked for in the same places and beside each given folder. Damaged models are listed with their problem.
 */
export async function findModels(folders: readonly string[], options: FindOptions = {}): Promise<ModelListing[]> {
  const memoryBytes = options.memoryBytes ?? totalmem() * 0.8
  const models = new Map<string, unknown>()
  const saeSets = new Map<string, SaeConfig>()
  const look = async (folder: string): Promise<boolean> => {
    const path = await realpath(folder).catch(() => null)
    const config = path === null ? undefined : await readJsonIfThere(join(path, 'config.json'), '').catch(() => undefined)
    if (path === null || typeof config !== 'object' || config === null) return false
    if ('d_sae' in config) return addSaeSet(path, config)
    if ('model_type' in config || 'architectures' in config) models.set(path, config)
    return true
  }
  const addSaeSet = (path: string, config: object): boolean => {
    const sae = attempt(() => parseSaeConfig(config, join(path, 'config.json')))
    if (!(sae instanceof InputError)) saeSets.set(path, sae)
    return true
  }
  for (const folder of folders) {
    const found = models.size
    for (const candidate of await foldersWithin(folder)) await look(candidate)
    // A given folder that is itself a model usually has its SAE set beside it.
    if (models.size > found) for (const sibling of await subfolders(dirname(folder))) if (!models.has(sibling)) await lookForSaeSet(sibling)
  }
  return Promise.all([...models].map(([path, config]) => listing(path, config, saeSets, memoryBytes)))

  async function lookForSaeSet(folder: string): Promise<void> {
    const config = await readJsonIfThere(join(folder, 'config.json'), '').catch(() => undefined)
    if (typeof config === 'object' && config !== null && 'd_sae' in config) addSaeSet(await realpath(folder), config)
  }
}

async function listing(path: string, json: unknown, saeSets: ReadonlyMap<string, SaeConfig>, memoryBytes: number): Promise<ModelListing> {
  const config = attempt(() => parseModelConfig(json, join(path, 'config.json')))
  const unusable = { name: folderName(path), path, architecture: null, layers: 0, dModel: 0, parameters: 0, bytesNeeded: 0, fits: false, source: 'folder' as const, revision: null, precisions: [], saeSets: [] }
  if (config instanceof InputError) return { ...unusable, problem: config.line }
  const opened = await openCheckpoint(path).catch((error: unknown) => {
    if (error instanceof InputError) return error
    throw error
  })
  const parameters = opened instanceof InputError ? 0 : opened.parameters
  const bytesNeeded = parameters === 0 ? 0 : parameters * 4 + cacheBytes(config)
  return {
    ...unusable,
    architecture: config.architecture,
    layers: config.layers,
    dModel: config.dModel,
    parameters,
    bytesNeeded,
    fits: parameters > 0 && bytesNeeded <= memoryBytes,
    saeSets: [...saeSets].map(([saePath, sae]) => saeListing(saePath, sae, config)).sort((a, b) => Number(b.matches) - Number(a.matches)),
    problem: opened instanceof InputError ? opened.line : null,
  }
}

function saeListing(path: string, sae: SaeConfig, model: ModelConfig): ModelListing['saeSets'][number] {
  const problem = pairingProblem(model, sae)
  return { path, name: folderName(path), layout: 'Qwen-Scope', layers: [], pairing: problem === null ? 'unknown' : 'mismatch', matches: problem === null, note: problem ?? (sae.baseModel === null ? '' : `trained on ${sae.baseModel}`) }
}

/** Keys and values of every layer in float32. */
function cacheBytes(config: ModelConfig): number {
  return 2 * config.layers * config.kvHeads * config.headDim * 4 * Math.min(config.contextLength, CACHE_POSITIONS)
}

/** The folder and its subfolders, two deep, three where a Hugging Face cache keeps its snapshots. */
async function foldersWithin(folder: string): Promise<string[]> {
  const found = [folder]
  for (const child of await subfolders(folder)) {
    found.push(child)
    for (const grandchild of await subfolders(child)) {
      found.push(grandchild)
      if (grandchild.endsWith('snapshots')) found.push(...(await subfolders(grandchild)))
    }
    if (found.length > FOLDER_LIMIT) break
  }
  return found.slice(0, FOLDER_LIMIT)
}

/** Real subfolders and links, sorted; hidden ones and packages are no place for models. */
async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map((entry) => join(folder, entry.name))
    .sort()
}

function attempt<Result>(action: () => Result): Result | InputError {
  try {
    return action()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
}
