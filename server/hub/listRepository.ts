// Lists the files of a repository at one commit, with size and checksum of each.
import { quote } from '../formats/quote'
import { CancelledError, InputError } from '../protocol/errors'
import type { HubClient } from './hubClient'

export interface HubFile {
  /** With slashes, below the repository's folder. */
  readonly path: string
  readonly size: number
  /** Of the content: SHA-256 of large files, git's blob hash of small ones. In the cache the file is named by it. */
  readonly checksum: string
}

export interface HubListing {
  readonly repository: string
  /** As asked for: `main`, a tag, a commit. */
  readonly revision: string
  /** What it means now, 40 hex digits. */
  readonly commit: string
  /** Listed for everyone, sent only to those who have accepted its terms. */
  readonly isGated: boolean
  readonly files: readonly HubFile[]
}

/** Repositories of checkpoints hold some hundred files; a listing beyond this is not worth its memory. */
export const MOST_FILES = 50_000
const MOST_PAGE_BYTES = 32 * 1024 * 1024

/** Throws InputError when there is no such repository or revision, when it may not be read, and when it names files that lead out of its folder. */
export async function listRepository(client: HubClient, repository: string, revision: string, signal: AbortSignal): Promise<HubListing> {
  // Loaded when it is first needed: most sessions never ask the hub.
  const { listFiles, modelInfo } = await import('@huggingface/hub')
  const fetchPage = async (url: string | URL | Request): Promise<Response> => {
    const response = await client.get(url instanceof Request ? url.url : String(url), repository, signal, { accept: 'application/json' })
    return new Response(await readLimited(response, MOST_PAGE_BYTES, repository), { status: response.status, headers: response.headers })
  }
  const hub = { hubUrl: client.endpoint, fetch: fetchPage }
  try {
    const { sha, gated } = await modelInfo({ ...hub, name: repository, revision, additionalFields: ['sha'] })
    if (typeof sha !== 'string' || !/^[0-9a-f]{40}$/.test(sha)) throw new NotTheHub(`${quote(String(sha))} for a commit`)
    const files: HubFile[] = []
    let entries = 0
    for await (const entry of listFiles({ ...hub, repo: { type: 'model', name: repository }, revision: sha, recursive: true })) {
      if (++entries > MOST_FILES) throw new InputError(`${repository} holds more than ${MOST_FILES} files`, 'choose the repository of a model or an SAE set')
      if (entry.type === 'file') files.push(readEntry(entry, repository))
    }
    return { repository, revision, commit: sha, isGated: Boolean(gated), files }
  } catch (error) {
    if (signal.aborted) throw new CancelledError()
    if (error instanceof InputError) throw error
    throw new InputError(`${client.endpoint} answered in another form than the hub does (${error instanceof Error ? error.message.slice(0, 120) : 'no reason given'})`, 'check HF_ENDPOINT')
  }
}

/** The body of an answer, at most `limit` bytes of it. */
export async function readLimited(response: Response, limit: number, about: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length
    if (length > limit) throw new InputError(`${about} was answered with more than ${Math.round(limit / 1e6)} MB where a list was expected`, 'check HF_ENDPOINT and the repository')
    chunks.push(chunk as Uint8Array)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

class NotTheHub extends Error {}

function readEntry(entry: { readonly path?: unknown; readonly size?: unknown; readonly oid?: unknown; readonly lfs?: { readonly oid?: unknown; readonly size?: unknown } }, repository: string): HubFile {
  const { path, lfs } = entry
  if (typeof path !== 'string' || path === '') throw new NotTheHub('a file without a name')
  if (/^[/\\]|^[A-Za-z]:|\\|\p{Cc}/u.test(path) || path.split('/').some((part) => part === '..' || part === '.' || part === '')) {
    throw new InputError(`${repository} lists a file named ${quote(path)}, which leads out of its folder`, 'do not use this repository, and report it to the hub')
  }
  const [size, checksum] = lfs ? [lfs.size, lfs.oid] : [entry.size, entry.oid]
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw new NotTheHub(`${quote(path)} without a size`)
  if (typeof checksum !== 'string' || !(lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(checksum)) throw new NotTheHub(`${quote(path)} without a checksum`)
  return { path, size: size as number, checksum }
}
