// Downloads one file into the cache, going on where an earlier try ended; it gets its name only when size and checksum are right.
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CancelledError, InputError } from '../protocol/errors'
import { takeBlobLock, type BlobLock } from './blobLock'
import { startChecksum } from './checksum'
import { backoff, MOST_TRIES, type HubClient, type HubParts } from './hubClient'
import { unreachable } from './hubFailure'

export interface BlobRequest {
  readonly url: string
  /** Subject of messages: `Qwen/Qwen3-1.7B/config.json`. */
  readonly about: string
  readonly size: number
  readonly checksum: string
  /** The file to be made; beside it lie `.incomplete` and `.lock` meanwhile. */
  readonly path: string
}

export interface BlobProgress {
  /** Bytes that are on disk now; falls when a try had to begin anew. */
  readonly onBytes: (bytes: number) => void
  /** Something to say besides: that it waits, or checks. */
  readonly onNote: (note: string) => void
}

/** Throws InputError when the hub does not send what it listed, CancelledError when the signal aborts; what has come is kept for the next time. */
export async function downloadBlob(request: BlobRequest, client: HubClient, parts: Pick<HubParts, 'wait'>, { onBytes, onNote }: BlobProgress, signal: AbortSignal): Promise<void> {
  const { path, size } = request
  await mkdir(dirname(path), { recursive: true })
  const lock = await takeBlobLock(`${path}.lock`, parts, signal, (holder) => onNote(`waiting for ${holder}, which downloads the same file`))
  try {
    // Whoever held the lock may have brought it.
    if (await hasSize(path, size)) return onBytes(size)
    for (let isLast = false; ; isLast = true) {
      await receive(request, client, parts, lock, onBytes, signal)
      onNote('checking')
      const found = await checksumOf(`${path}.incomplete`, request, signal)
      if (found === request.checksum) break
      await rm(`${path}.incomplete`, { force: true })
      // What an earlier download left behind may be to blame; once from the start tells.
      if (isLast) throw new InputError(`${request.about} has the checksum ${found.slice(0, 12)}…, the hub names ${request.checksum.slice(0, 12)}…`, 'download it again; if it stays so, the connection or the mirror changes files')
      onBytes(0)
    }
    await rename(`${path}.incomplete`, path)
  } finally {
    await lock.release()
  }
}

export async function hasSize(path: string, size: number): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  return found !== null && found.isFile() && found.size === size
}

/** Fills the `.incomplete` file to its size; a dropped connection is taken up again as long as anything new comes. */
async function receive(request: BlobRequest, client: HubClient, parts: Pick<HubParts, 'wait'>, lock: BlobLock, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const { size, about } = request
  const file = await open(`${request.path}.incomplete`, 'a+')
  try {
    let at = (await file.stat()).size
    let farthest = at
    let etag: string | null = null
    const restart = async (): Promise<void> => {
      await file.truncate(0)
      at = 0
    }
    if (at > size) await restart()
    for (let tries = 0; at < size; ) {
      onBytes(at)
      const response = await client.get(request.url, about, signal, rangeHeaders(at, etag))
      const start = startOf(response, request)
      const sameFile = etag === null || response.headers.get('etag') === null || response.headers.get('etag') === etag
      if (start === null || start > at || (start > 0 && !sameFile)) {
        // Not the bytes that were asked for: what is there cannot be continued.
        await response.body?.cancel()
        await restart()
        etag = null
        if (++tries >= MOST_TRIES) throw new InputError(`${about} is not sent from where its download ended`, 'download it again later; if it stays so, name another mirror in HF_ENDPOINT')
        continue
      }
      // A server that knows no ranges sends the file from its first byte.
      if (start < at) await restart()
      etag = strongTag(response) ?? null
      let failure: unknown = null
      try {
        at = await append(response, file, at, request, lock, onBytes, signal)
      } catch (error) {
        if (signal.aborted) throw new CancelledError()
        if (error instanceof InputError || isDiskError(error)) throw toInputError(error, request)
        failure = error
        at = (await file.stat()).size
      }
      if (at >= size) break
      if (at > farthest) {
        farthest = at
        tries = 0
      }
      if (++tries >= MOST_TRIES) {
        throw failure === null ? new InputError(`${about} ends after ${at} of ${size} bytes`, 'download it again later; what is there is kept') : unreachable(client.endpoint, failure)
      }
      await parts.wait(backoff(tries), signal)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

function rangeHeaders(at: number, etag: string | null): Record<string, string> {
  if (at === 0) return {}
  return { range: `bytes=${at}-`, ...(etag === null ? {} : { 'if-range': etag }) }
}

/** First byte of the answer's body; null when it is not part of this file. Throws InputError when the file has another size than listed. */
function startOf(response: Response, { about, size }: BlobRequest): number | null {
  if (response.status === 416) return null
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '')
  // A proxy that packs answers tells their packed length.
  const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length')
  const isWhole = response.status !== 206
  const total = isWhole ? (length === null ? size : Number(length)) : range?.[2] === undefined || range[2] === '*' ? size : Number(range[2])
  if (total !== size) throw new InputError(`${about} is sent with ${total} bytes, the hub lists ${size}`, 'download it again; if it stays so, name another mirror in HF_ENDPOINT')
  if (isWhole) return 0
  return range ? Number(range[1]) : null
}

function strongTag({ headers }: Response): string | undefined {
  const tag = headers.get('etag')
  return tag === null || tag.startsWith('W/') ? undefined : tag
}

async function append(response: Response, file: FileHandle, from: number, { about, size }: BlobRequest, lock: BlobLock, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<number> {
  let at = from
  for await (const part of response.body ?? []) {
    const chunk = part as Uint8Array
    if (signal.aborted) throw new CancelledError()
    if (at + chunk.length > size) {
      await file.truncate(0)
      throw new InputError(`${about} goes on after its ${size} bytes`, 'download it again; if it stays so, name another mirror in HF_ENDPOINT')
    }
    await file.appendFile(chunk)
    at += chunk.length
    onBytes(at)
    await lock.touch()
  }
  return at
}

async function checksumOf(path: string, { checksum, size }: BlobRequest, signal: AbortSignal): Promise<string> {
  const hash = startChecksum(checksum, size)
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    if (signal.aborted) throw new CancelledError()
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}

const DISK_ERRORS: Readonly<Record<string, string>> = { ENOSPC: 'the disk is full', EDQUOT: 'your quota is used up', EFBIG: 'the file system allows no file of this size', EROFS: 'the disk is read-only', EIO: 'the disk fails' }

function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  return Object.hasOwn(DISK_ERRORS, String((error as NodeJS.ErrnoException | null)?.code))
}

function toInputError(error: unknown, { path, about }: BlobRequest): unknown {
  return isDiskError(error) ? new InputError(`${about} cannot be written to ${dirname(path)} (${DISK_ERRORS[String(error.code)]})`, 'make room, or name another folder in HF_HUB_CACHE; what is there is kept') : error
}
