// Carries out a planned download into the Hugging Face cache, one file after the other, small ones first.
import { randomUUID } from 'node:crypto'
import { copyFile, lstat, mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { hubRepositoryFolder } from '../formats/hubCache'
import type { DownloadPlan, PlannedFile } from '../protocol/download'
import { CancelledError } from '../protocol/errors'
import { downloadBlob, hasSize } from './downloadBlob'
import { checkRoom, fileUrl } from './downloadPlan'
import type { HubClient, HubParts } from './hubClient'

export interface DownloadProgress {
  /** The file under way. */
  readonly path: string
  /** Of all files, on disk now. */
  readonly bytes: number
  readonly totalBytes: number
  /** That it waits or checks; null while bytes come. */
  readonly note: string | null
}

/** What the disk is asked through, so that tests can be on one that knows no symbolic links. */
export interface CacheParts extends Pick<HubParts, 'wait'> {
  symlink(target: string, path: string): Promise<void>
}

export const CACHE_PARTS: Pick<CacheParts, 'symlink'> = { symlink: (target, path) => symlink(target, path, 'file') }

/**
 * Answers with the folder that holds the files. Throws InputError when the disk has no room or a file does not come whole, CancelledError when the
 * signal aborts: what has come is kept, and the next download goes on there.
 */
export async function downloadPlanned(plan: DownloadPlan, client: HubClient, parts: CacheParts, report: (progress: DownloadProgress) => void, signal: AbortSignal): Promise<string> {
  checkRoom(plan)
  const repositoryFolder = hubRepositoryFolder(plan.cache, plan.repository)
  let before = 0
  for (const file of [...plan.files].sort((a, b) => a.size - b.size)) {
    if (signal.aborted) throw new CancelledError()
    const tell = (bytes: number, note: string | null): void => report({ path: file.path, bytes: before + bytes, totalBytes: plan.bytes, note })
    await bring(file, plan, repositoryFolder, client, parts, tell, signal)
    before += file.size
    tell(0, null)
  }
  // A name that moves is written last: until then it means what it meant.
  if (plan.revision !== plan.commit) await writeWhole(join(repositoryFolder, 'refs', plan.revision), plan.commit)
  return plan.folder
}

async function bring(file: PlannedFile, plan: DownloadPlan, repositoryFolder: string, client: HubClient, parts: CacheParts, tell: (bytes: number, note: string | null) => void, signal: AbortSignal): Promise<void> {
  const entry = join(plan.folder, file.path)
  if (await hasSize(entry, file.size)) return
  const blob = join(repositoryFolder, 'blobs', file.checksum)
  const isNew = !(await hasSize(blob, file.size))
  if (isNew) {
    let bytes = 0
    const request = { url: fileUrl(client, plan, file.path), about: `${plan.repository}/${file.path}`, size: file.size, checksum: file.checksum, path: blob }
    const progress = {
      onBytes: (now: number): void => tell((bytes = now), null),
      onNote: (note: string): void => tell(bytes, note),
    }
    await downloadBlob(request, client, parts, progress, signal)
  }
  await place(blob, entry, isNew, parts)
}

/** Makes the entry of the snapshot a relative link to the blob; where there are no links, the blob itself becomes the entry, as Python does it. */
async function place(blob: string, entry: string, isNew: boolean, parts: CacheParts): Promise<void> {
  const target = relative(dirname(entry), blob)
  await mkdir(dirname(entry), { recursive: true })
  // What lies there leads nowhere or is of another size.
  const isRight = (await readlink(entry).catch(() => null)) === target
  if (isRight) return
  if (await lstat(entry).catch(() => null)) await rm(entry, { force: true })
  try {
    await parts.symlink(target, entry)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Another download of the same file was here first.
    if (code === 'EEXIST') return
    if (code !== 'EPERM' && code !== 'EACCES' && code !== 'ENOSYS' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'UNKNOWN') throw error
    if (isNew) await rename(blob, entry)
    else {
      const temporary = beside(entry)
      await copyFile(blob, temporary)
      await rename(temporary, entry)
    }
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = beside(path)
  await writeFile(temporary, text)
  await rename(temporary, path)
}

/** A name that no other download has, of this process or another. */
const beside = (path: string): string => `${path}.${randomUUID()}.tmp`
