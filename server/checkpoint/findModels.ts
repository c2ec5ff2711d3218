// Looks through folders and caches for checkpoints and SAE sets: which belong together, and whether they fit this machine.
import { readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parseModelConfig, type ModelConfig } from '../formats/modelConfig'
import { InputError } from '../protocol/errors'
import type { ModelListing, ModelSource, SaeListing } from '../protocol/requests'
import type { PairingKind } from '../protocol/values'
import type { SaeSet } from './checkpoint'
import { readJsonIfThere } from './fileSource'
import { folderName } from './folderName'
import type { Machine } from './machine'
import { inHuggingFaceCache, type CachedRepository } from './modelCaches'
import { openCheckpoint } from './openCheckpoint'
import { openSaeSet } from './openSaeSet'
import { pairingOf } from './pairing'
import { precisionFits } from './precisionFit'
import { saeSetFolders } from './saeSetFolders'
import { subfolders } from './subfolders'

/** Where to look. A folder that does not exist holds nothing. */
export interface ModelPlaces {
  /** The demo model's folder, listed first. */
  readonly demo: string | null
  /** Each is a model, or holds some, up to two folders deep; or it is a Hugging Face cache. */
  readonly folders: readonly string[]
  readonly caches: readonly CachedRepository[]
}

interface Place {
  readonly path: string
  readonly source: ModelSource
  readonly revision: ModelListing['revision']
}

/** Most folders looked into per given folder. */
const FOLDER_LIMIT = 2000

/** Models in the order of the places, each once; damaged ones are listed with their problem. SAE sets may lie in any of the places, or beside a model. */
export async function findModels(places: ModelPlaces, machine: Machine): Promise<ModelListing[]> {
  const models = new Map<string, { readonly place: Place; readonly json: object }>()
  const incomplete = new Map<string, Place>()
  const saePlaces = new Set<string>()
  for (const place of await placesToLook(places, saePlaces)) {
    const path = await realpath(place.path).catch(() => null)
    const json = path === null || models.has(path) ? undefined : await readJsonIfThere(join(path, 'config.json'), '').catch(() => undefined)
    if (path !== null && isModel(json)) models.set(path, { place: { ...place, path }, json })
    else if (path !== null && json === undefined && isOfHub(place) && (await holdsWeights(path))) incomplete.set(path, { ...place, path })
  }
  // A model that is given itself usually has its SAE set beside it.
  for (const [path, { place }] of models) if (place.source === 'demo' || places.folders.includes(path)) for (const saes of await saeFoldersBeside(path)) saePlaces.add(saes)
  const saeSets = await openSaeSets([...saePlaces].filter((path) => !models.has(path)))
  const listings = await Promise.all(Array.from(models.values(), ({ place, json }) => listing(place, json, saeSets, machine)))
  return [...listings, ...Array.from(incomplete.values(), incompleteListing)]
}

/** Folders that may be models; those in which SAE sets may lie are added to `saePlaces`. */
async function placesToLook({ demo, folders, caches }: ModelPlaces, saePlaces: Set<string>): Promise<Place[]> {
  const found: Place[] = demo === null ? [] : [{ path: demo, source: 'demo', revision: null }]
  const addCache = (repository: CachedRepository): void => {
    found.push(repository)
    saePlaces.add(repository.path)
  }
  for (const folder of folders) {
    const cached = await inHuggingFaceCache(folder)
    cached.forEach(addCache)
    if (cached.length > 0) continue
    for (const path of await foldersWithin(folder)) found.push({ path, source: 'folder', revision: null })
    saePlaces.add(folder)
  }
  caches.forEach(addCache)
  return found
}

const isOfHub = ({ source }: Place): boolean => source === 'huggingface' || source === 'modelscope'

/** As a download that was broken off leaves a model: an SAE set's files are called otherwise. */
async function holdsWeights(path: string): Promise<boolean> {
  return (await readdir(path).catch(() => [])).some((name) => /^model.*\.safetensors(\.index\.json)?$/.test(name))
}

function incompleteListing({ path, source, revision }: Place): ModelListing {
  const { line } = new InputError(`${join(path, 'config.json')} is missing`, 'download the model again, which brings what is not there')
  return { ...NOTHING_KNOWN, name: folderName(path), path, source, revision, problem: line }
}

const NOTHING_KNOWN = { architecture: null, layers: 0, dModel: 0, parameters: 0, bytesNeeded: 0, fits: false, precisions: [], saeSets: [] }

const isModel = (json: unknown): json is object => typeof json === 'object' && json !== null && !('d_sae' in json) && ('architectures' in json || 'model_type' in json)

interface FoundSaes {
  readonly path: string
  readonly opened: SaeSet | InputError
}

async function openSaeSets(places: readonly string[]): Promise<FoundSaes[]> {
  const folders = new Map<string, InputError | null>()
  for (const place of places) for (const { path, problem } of await saeSetFolders(place)) folders.set(await realpath(path), problem)
  return Promise.all(Array.from(folders, async ([path, problem]) => ({ path, opened: problem ?? (await attempt(openSaeSet(path))) })))
}

async function listing(place: Place, json: object, saeSets: readonly FoundSaes[], machine: Machine): Promise<ModelListing> {
  const { path, source, revision } = place
  const name = folderName(path)
  const unusable = { ...NOTHING_KNOWN, name, path, source, revision }
  const config = await attempt((async () => parseModelConfig(json, join(path, 'config.json')))())
  if (config instanceof InputError) return { ...unusable, problem: config.line }
  const opened = await attempt(openCheckpoint(path))
  const shape = { ...unusable, architecture: config.architecture, layers: config.layers, dModel: config.dModel, saeSets: saeListings({ name, config }, saeSets) }
  if (opened instanceof InputError) return { ...shape, problem: opened.line }
  const belonging = saeSets.find(({ path: sae }) => shape.saeSets.some(({ path: listed, pairing }) => listed === sae && (pairing === 'match' || pairing === 'transfer')))?.opened
  const precisions = precisionFits(opened, machine, belonging instanceof InputError ? null : (belonging ?? null))
  const { bytesNeeded, fits } = precisions[0]!
  return { ...shape, parameters: opened.parameters, precisions, bytesNeeded, fits, problem: null }
}

const ORDER: readonly PairingKind[] = ['match', 'transfer', 'unknown', 'mismatch']

/** Sets that cannot be read are listed as no match, with the reason. */
function saeListings(model: { readonly name: string; readonly config: ModelConfig }, saeSets: readonly FoundSaes[]): SaeListing[] {
  const listings = saeSets.map(({ path, opened }): SaeListing => {
    const name = folderName(path)
    if (opened instanceof InputError) return { path, name, layout: 'unknown', layers: [], matches: false, pairing: 'mismatch', note: opened.message }
    const { kind, note } = pairingOf(model, opened)
    return { path, name, layout: opened.layout, layers: [...opened.layers.keys()], matches: kind !== 'mismatch', pairing: kind, note }
  })
  return listings.sort((a, b) => ORDER.indexOf(a.pairing) - ORDER.indexOf(b.pairing) || a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/** Folders beside a model that are or may hold SAE sets, told by name or configuration: its neighbours may be anything. */
export async function saeFoldersBeside(modelPath: string): Promise<string[]> {
  const found: string[] = []
  for (const folder of await subfolders(dirname(modelPath))) {
    if (folder === modelPath) continue
    const json = await readJsonIfThere(join(folder, 'config.json'), '').catch(() => undefined)
    if (/sae|scope/i.test(basename(folder)) || (typeof json === 'object' && json !== null && 'd_sae' in json)) found.push(folder)
  }
  return found
}

/** The folder and its subfolders, two deep. */
async function foldersWithin(folder: string): Promise<string[]> {
  const found = [folder]
  for (const child of (await subfolders(folder)).filter((path) => basename(path) !== 'node_modules')) {
    found.push(child, ...(await subfolders(child)))
    if (found.length > FOLDER_LIMIT) break
  }
  return found.slice(0, FOLDER_LIMIT)
}

async function attempt<Result>(promise: Promise<Result>): Promise<Result | InputError> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
}
