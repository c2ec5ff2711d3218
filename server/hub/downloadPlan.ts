// Works out a download before a byte of weights moves: which files, how large, what is there already, and whether the disk has room.
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { byteText } from '../formats/byteText'
import { hubRepositoryFolder } from '../formats/hubCache'
import { parseModelConfig } from '../formats/modelConfig'
import type { DownloadChoice, DownloadPlan } from '../protocol/download'
import { InputError } from '../protocol/errors'
import { startChecksum } from './checksum'
import { hasSize } from './downloadBlob'
import type { HubClient } from './hubClient'
import { listRepository, readLimited, type HubFile, type HubListing } from './listRepository'
import { modelFiles, WEIGHTS_INDEX } from './modelFiles'
import { chosenSaes, saeFoldersOf, saesIn } from './saeFiles'

/** Room that is left on the disk whatever comes. */
const SPARE_BYTES = 100e6
/** Configurations and indexes that planning reads; tokenizers are not among them. */
const MOST_JSON_BYTES = 64 * 1024 * 1024
/** Configurations that are fetched to find the layers of SAEs. */
const MOST_CONFIGURATIONS = 300

/** Free bytes of the disk that holds a folder which exists. */
export type FreeBytes = (folder: string) => Promise<number>

/** Throws InputError for what is not there, may not be read or cannot be used. Writes nothing but empty folders. */
export async function planDownload(choice: DownloadChoice, client: HubClient, cache: string, freeBytes: FreeBytes, signal: AbortSignal): Promise<DownloadPlan> {
  const listing = await listRepository(client, choice.repository, choice.revision, signal)
  const readJson = (file: HubFile): Promise<unknown> => readHubJson(client, listing, cache, file, signal)
  const { kind, layout, layers, files } = await chooseFiles(choice, listing, readJson)
  const blobs = join(hubRepositoryFolder(cache, listing.repository), 'blobs')
  const snapshot = snapshotFolder(cache, listing)
  const planned = await Promise.all(files.map(async (file) => ({ ...file, bytesThere: await bytesOnDisk(file, blobs, snapshot) })))
  await mkdir(cache, { recursive: true }).catch((error: unknown) => {
    throw new InputError(`${cache} cannot be made (${String((error as NodeJS.ErrnoException).code)})`, 'name a folder that you may write to in HF_HUB_CACHE')
  })
  const first = planned.find((file) => file.bytesThere < file.size)
  if (listing.isGated && first) await checkAccess(client, listing, first.path, signal)
  const problem = kind === 'model' ? await modelProblem(files, listing.repository, readJson) : null
  const bytes = sum(planned.map(({ size }) => size))
  const bytesThere = sum(planned.map((file) => file.bytesThere))
  const { repository, revision, commit } = listing
  return { repository, revision, commit, kind, layout, layers, problem, files: planned, bytes, bytesThere, cache, freeBytes: await freeBytes(cache), folder: snapshot }
}

/** Throws InputError with the numbers when the disk has no room for what is missing. */
export function checkRoom({ repository, bytes, bytesThere, cache, freeBytes }: DownloadPlan): void {
  const missing = bytes - bytesThere
  if (missing === 0 || missing + SPARE_BYTES <= freeBytes) return
  throw new InputError(
    `${repository} needs ${byteText(missing)} more, and the disk of ${cache} has ${byteText(freeBytes)} free`,
    'make room, choose fewer layers with --layers, or name a folder on another disk in HF_HUB_CACHE',
  )
}

/** The folder of a commit, as Python's libraries lay it out. */
export function snapshotFolder(cache: string, { repository, commit }: { readonly repository: string; readonly commit: string }): string {
  return join(hubRepositoryFolder(cache, repository), 'snapshots', commit)
}

interface Chosen {
  readonly kind: 'model' | 'sae'
  readonly layout: string | null
  readonly layers: readonly number[]
  readonly files: readonly HubFile[]
}

async function chooseFiles({ kind, layers, folders }: DownloadChoice, { repository, files }: HubListing, readJson: (file: HubFile) => Promise<unknown>): Promise<Chosen> {
  const saeFolders = kind === 'model' ? [] : saeFoldersOf(files, folders)
  if (saeFolders.length === 0) {
    if (kind === 'sae' || folders.length > 0) throw new InputError(`${repository} holds no SAEs${folders.length > 0 ? ` in ${folders.join(', ')}` : ''} in a layout that is known`, 'see docs/models.md for the layouts')
    const index = files.find(({ path }) => path === WEIGHTS_INDEX)
    return { kind: 'model', layout: null, layers: [], files: modelFiles(files, index ? await readJson(index) : null, repository) }
  }
  if (saeFolders.filter(({ reader }) => reader.configFile !== null).length > MOST_CONFIGURATIONS) {
    throw new InputError(`${repository} holds ${saeFolders.length} folders of SAEs`, 'name those that you want with --folder')
  }
  const byPath = new Map(files.map((file) => [file.path, file]))
  const saes = chosenSaes(repository, await saesIn(repository, saeFolders, files, (path) => readJson(byPath.get(path)!)), layers)
  const needed = new Map(saes.flatMap((sae) => sae.files.map((file) => [file.path, file])))
  return { kind: 'sae', layout: saes[0]?.layout ?? null, layers: saes.map(({ layer }) => layer), files: [...needed.values()] }
}

/** Told before gigabytes come, not after. */
async function modelProblem(files: readonly HubFile[], repository: string, readJson: (file: HubFile) => Promise<unknown>): Promise<string | null> {
  const config = files.find(({ path }) => path === 'config.json')
  if (!config) return null
  const json = await readJson(config)
  try {
    parseModelConfig(json, `${repository}/config.json`)
    return null
  } catch (error) {
    if (error instanceof InputError) return error.message
    throw error
  }
}

/** A gated repository is listed for everyone; who may not have its files is told before anything is planned. */
async function checkAccess(client: HubClient, listing: HubListing, path: string, signal: AbortSignal): Promise<void> {
  const response = await client.get(fileUrl(client, listing, path), listing.repository, signal, { range: 'bytes=0-0' })
  await response.body?.cancel()
}

/** A small JSON file of the repository, from the cache when it is there, its checksum compared. */
async function readHubJson(client: HubClient, listing: HubListing, cache: string, file: HubFile, signal: AbortSignal): Promise<unknown> {
  const about = `${listing.repository}/${file.path}`
  const kept = await readFile(join(snapshotFolder(cache, listing), file.path)).catch(() => null)
  const bytes = kept?.length === file.size ? kept : await readLimited(await client.get(fileUrl(client, listing, file.path), about, signal), MOST_JSON_BYTES, about)
  if (startChecksum(file.checksum, file.size).update(bytes).digest('hex') !== file.checksum) {
    throw new InputError(`${about} has another checksum than the hub lists`, 'download it again; if it stays so, the connection or the mirror changes files')
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown
  } catch {
    throw new InputError(`${about} is not JSON`, 'choose another revision, or tell the repository’s owner')
  }
}

export function fileUrl({ endpoint }: HubClient, { repository, commit }: { readonly repository: string; readonly commit: string }, path: string): string {
  return `${endpoint}/${repository}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`
}

async function bytesOnDisk({ path, size, checksum }: HubFile, blobs: string, snapshot: string): Promise<number> {
  if ((await hasSize(join(blobs, checksum), size)) || (await hasSize(join(snapshot, path), size))) return size
  const begun = await stat(join(blobs, `${checksum}.incomplete`)).catch(() => null)
  return begun !== null && begun.size <= size ? begun.size : 0
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
