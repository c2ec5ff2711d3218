// Finds the folders that a choice of model means: a folder, a repository in a cache, or the demo model; and the SAE set that belongs to a model.
import { join, resolve } from 'node:path'
import { parseModelConfig } from '../formats/modelConfig'
import { InputError } from '../protocol/errors'
import type { Pairing } from '../protocol/values'
import { isThere, readJsonIfThere } from './fileSource'
import { saeFoldersBeside } from './findModels'
import { folderName } from './folderName'
import { cachedRepositories, type CachedRepository } from './modelCaches'
import { openSaeSet } from './openSaeSet'
import { pairingOf, type PairedModel } from './pairing'
import { saeSetFolders } from './saeSetFolders'

/** Folders to load, absolute, and what the user should know about how they were found. */
export interface ModelLocation {
  readonly modelPath: string
  /** Null when there is no SAE set: the model runs without features. */
  readonly saePath: string | null
  readonly note: string | null
}

export interface ModelChoice {
  /** A folder, or `Qwen/Qwen3-1.7B-Base`, `Qwen/Qwen3-1.7B-Base@main` in a cache; empty for the demo model. */
  readonly model: string
  /** A folder or a repository likewise; empty for the set that belongs to the model. */
  readonly sae: string
}

type FindCached = () => Promise<readonly CachedRepository[]>

/** `demo` is used when `choice` names no other. Checks no more than it must: opening the folders names what is wrong with them. Throws InputError for a repository that no cache has. */
export async function locateModel(choice: ModelChoice, demo: ModelChoice, findCached: FindCached = cachedRepositories): Promise<ModelLocation> {
  const modelPath = choice.model === '' ? resolve(demo.model) : await folderOf(choice.model, 'model', findCached)
  if (choice.sae !== '') return { modelPath, saePath: await folderOf(choice.sae, 'SAE set', findCached), note: null }
  if (modelPath === resolve(demo.model)) return { modelPath, saePath: resolve(demo.sae), note: null }
  const found = await findSaeSetOf(modelPath, findCached)
  if (found === null) return { modelPath, saePath: null, note: `no SAE set for ${modelPath} was found beside it or in a cache, so there are no features; name one with --sae` }
  return { modelPath, saePath: found.path, note: `using the SAE set ${found.path}${found.pairing === null ? '' : `, ${found.pairing.note}`}` }
}

const REPOSITORY = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/

async function folderOf(text: string, what: string, findCached: FindCached): Promise<string> {
  const path = resolve(text)
  const [, id, revision] = REPOSITORY.exec(text) ?? []
  if (id === undefined || id.startsWith('.') || (await isThere(path))) return path
  const cached = (await findCached()).filter((repository) => repository.id.toLowerCase() === id.toLowerCase())
  const found = revision === undefined ? cached[0] : cached.find((repository) => isRevision(repository, revision))
  if (found) return found.path
  if (cached.length > 0) throw new InputError(`${what} ${id} is in a cache, but not its revision ${revision}`, `choose from ${cached.map(({ revision: known }) => known?.refs[0] ?? known?.commit ?? 'the one without a revision').join(', ')}`)
  throw new InputError(`${what} ${text} is neither a folder nor in a cache of this machine`, `download it with: promptscope download ${id}, or name its folder`)
}

const isRevision = ({ revision }: CachedRepository, wanted: string): boolean => revision !== null && (revision.refs.includes(wanted) || revision.commit.startsWith(wanted))

/** Whether a name means a repository in a cache. */
export async function isCached(name: string, findCached: FindCached = cachedRepositories): Promise<boolean> {
  const [, id, revision] = REPOSITORY.exec(name) ?? []
  if (id === undefined) return false
  return (await findCached()).some((repository) => repository.id.toLowerCase() === id.toLowerCase() && (revision === undefined || isRevision(repository, revision)))
}

interface FoundSet {
  readonly path: string
  /** Null for a set that cannot be read: loading it says why. */
  readonly pairing: Pairing | null
  /** How many it covers. */
  readonly layers: number
}

/**
 * The SAE set that belongs to a model. Inside the model's folder, or beside it as `sae` or `<model>-sae`, any of its size; elsewhere beside
 * it and in the caches, one that was trained on this model, or else on its base or post-trained version. Null when there is none or the model
 * cannot be read.
 */
async function findSaeSetOf(modelPath: string, findCached: FindCached): Promise<FoundSet | null> {
  const config = await readModelConfig(modelPath)
  if (!config) return null
  const model = { name: folderName(modelPath), config }
  const own = (await fittingSets(model, [modelPath, `${modelPath}-sae`, join(modelPath, '..', 'sae')])).filter(({ path }) => path !== modelPath)
  if (own[0]) return own[0]
  const beside = bestOf(await fittingSets(model, await saeFoldersBeside(modelPath)))
  return beside ?? bestOf(await fittingSets(model, (await findCached()).map(({ path }) => path)))
}

/** Those of the model's size, in the order given. */
async function fittingSets(model: PairedModel, folders: readonly string[]): Promise<FoundSet[]> {
  const found: FoundSet[] = []
  for (const folder of folders) {
    for (const { path, problem } of await saeSetFolders(folder)) {
      const set = problem === null ? await openSaeSet(path).catch(ignored) : null
      const pairing = set && pairingOf(model, set)
      if (pairing?.kind !== 'mismatch') found.push({ path, pairing, layers: set?.layers.size ?? 0 })
    }
  }
  return found
}

/** Of several that belong alike, the one that covers most layers. */
function bestOf(sets: readonly FoundSet[]): FoundSet | null {
  const fullest = sets.toSorted((a, b) => b.layers - a.layers)
  return fullest.find(({ pairing }) => pairing?.kind === 'match') ?? fullest.find(({ pairing }) => pairing?.kind === 'transfer') ?? null
}

/** Null when the file is missing or of a model that is not supported. */
async function readModelConfig(modelPath: string): Promise<PairedModel['config'] | null> {
  const file = join(modelPath, 'config.json')
  return readJsonIfThere(file, '').then((json) => (json === undefined ? null : parseModelConfig(json, file)), ignored).catch(ignored)
}

function ignored(error: unknown): null {
  if (error instanceof InputError) return null
  throw error
}
