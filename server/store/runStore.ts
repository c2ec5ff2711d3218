// The runs on disk: one file each, listed by their first lines, written whole or not at all, damaged ones set aside and never lost.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunSummary } from '../protocol/requests'
import { summaryOf } from '../protocol/runRecord'
import { isMissing, setAside, writeFileAtomically } from './atomicFile'
import { readRunFile, readRunHeader, renderRunFile, type RunHeader, type StoredRun } from './runFile'

/** Runs kept; an older one is deleted, with a line in the log, when a newer one needs its place. */
export const KEPT_RUNS = 200
/** Deleted runs that can be brought back. */
const KEPT_DELETED = 20
/** Whole runs held in memory, so that hovers need no disk; one of a large model with all its layers takes ten megabytes per thousand tokens. */
const CACHED_RUNS = 6

/** What becomes of runs that were under way when their worker stopped. */
const INTERRUPTED = {
  running: { kind: 'failed', message: 'run was interrupted because the worker stopped', remedy: 'run the prompt again' },
  paused: { kind: 'failed', message: 'debug session was interrupted because the worker stopped', remedy: 'start it again' },
} as const

export interface RunStore {
  /** Newest first. */
  list(): readonly RunSummary[]
  summary(id: string): RunSummary | null
  /** Null when there is no such run, or its file turned out to be damaged and was set aside. */
  get(id: string): Promise<StoredRun | null>
  /** The run if it is in memory already: an answer for those who must not wait for a disk. */
  cached(id: string): StoredRun | null
  /** The newest run of a prompt file whose text was exactly this. */
  findByPrompt(promptUri: string, promptText: string): RunSummary | null
  /** Readable at once, on disk with the next `save` of it or `flush`. */
  keep(run: StoredRun): void
  /** Listed and readable at once; resolves when it is on disk. Saves of one run never overtake each other. */
  save(run: StoredRun): Promise<void>
  remove(id: string): Promise<void>
  /** Brings back the run removed last, also after a restart; null when there is none. */
  restore(): Promise<RunSummary | null>
  /** Resolves when everything saved so far is on disk. */
  flush(): Promise<void>
}

/**
 * Opens the folder's runs; with null they are kept in memory only. Runs that were under way or stood in the debugger when their worker stopped come back as failed.
 * Nothing in the folder makes this reject except a folder that cannot be created.
 */
export async function openRunStore(folder: string | null, log: (message: string) => void): Promise<RunStore> {
  const deletedFolder = folder && join(folder, 'deleted')
  const headers = new Map<string, RunHeader>()
  const cache = new Map<string, StoredRun>()
  const unsaved = new Map<string, StoredRun>()
  const writes = new Map<string, Promise<void>>()
  const deletedInMemory: StoredRun[] = []

  const path = (id: string): string => join(folder!, `${id}.run`)

  function remember(run: StoredRun): void {
    cache.delete(run.detail.id)
    cache.set(run.detail.id, run)
    if (!folder) return
    for (const id of cache.keys()) {
      if (cache.size <= CACHED_RUNS) break
      if (!writes.has(id) && !unsaved.has(id)) cache.delete(id)
    }
  }

  /** Runs `step` after what is under way for this run. */
  function inTurn<T>(id: string, step: () => Promise<T>): Promise<T> {
    const result = (writes.get(id) ?? Promise.resolve()).then(step)
    const settled = result.then(() => undefined, () => undefined).then(() => {
      if (writes.get(id) === settled) writes.delete(id)
    })
    writes.set(id, settled)
    return result
  }

  async function save(run: StoredRun): Promise<void> {
    const { id } = run.detail
    const promptDigest = run.promptText === null ? null : digest(run.promptText)
    headers.set(id, { summary: summaryOf(run.detail), promptDigest })
    remember(run)
    if (folder) {
      unsaved.set(id, run)
      await inTurn(id, async () => {
        // Of several saves that wait, the first writes the newest and the others have nothing left to do.
        const newest = unsaved.get(id)
        unsaved.delete(id)
        if (newest) await writeFileAtomically(path(id), renderRunFile(newest, promptDigest))
      })
    }
    await forgetOldest()
  }

  async function forgetOldest(): Promise<void> {
    for (const summary of list().slice(KEPT_RUNS)) {
      headers.delete(summary.id)
      cache.delete(summary.id)
      log(`run ${summary.name} of ${summary.createdAt} was deleted: the newest ${KEPT_RUNS} runs are kept`)
      if (folder) await inTurn(summary.id, () => rm(path(summary.id), { force: true }))
    }
  }

  async function get(id: string): Promise<StoredRun | null> {
    const known = cache.get(id)
    if (known) remember(known)
    if (known || !folder || !headers.has(id)) return known ?? null
    try {
      const run = readRunFile(await readFile(path(id)))
      remember(run)
      return run
    } catch (error) {
      headers.delete(id)
      await discard(path(id), error)
      return null
    }
  }

  async function discard(file: string, error: unknown): Promise<void> {
    if (isMissing(error)) return
    try {
      log(`${file} cannot be read (${String(error)}); it was kept as ${await setAside(file)}`)
    } catch (renameError) {
      log(`${file} cannot be read (${String(error)}) nor set aside (${String(renameError)})`)
    }
  }

  async function remove(id: string): Promise<void> {
    const run = await get(id)
    headers.delete(id)
    cache.delete(id)
    unsaved.delete(id)
    if (!folder) {
      if (run) deletedInMemory.push(run)
      return
    }
    await inTurn(id, async () => {
      await mkdir(deletedFolder!, { recursive: true })
      // The name carries the order of deletion.
      await rename(path(id), join(deletedFolder!, `${Date.now().toString().padStart(15, '0')}-${id}.run`)).catch(ignoreMissing)
      const deleted = await deletedFiles()
      for (const name of deleted.slice(0, Math.max(0, deleted.length - KEPT_DELETED))) await rm(join(deletedFolder!, name), { force: true })
    })
  }

  async function restore(): Promise<RunSummary | null> {
    const run = folder ? await takeDeleted() : (deletedInMemory.pop() ?? null)
    if (!run) return null
    await save(run)
    return summaryOf(run.detail)
  }

  async function takeDeleted(): Promise<StoredRun | null> {
    for (const name of (await deletedFiles()).reverse()) {
      const file = join(deletedFolder!, name)
      try {
        const run = readRunFile(await readFile(file))
        await rm(file)
        return run
      } catch (error) {
        await discard(file, error)
      }
    }
    return null
  }

  async function deletedFiles(): Promise<string[]> {
    return (await readdir(deletedFolder!).catch(() => [])).filter((name) => name.endsWith('.run')).sort()
  }

  const list = (): RunSummary[] => [...headers.values()].map(({ summary }) => summary).sort(newestFirst)

  async function readFolder(): Promise<void> {
    await mkdir(folder!, { recursive: true })
    for (const name of await readdir(folder!)) {
      const file = join(folder!, name)
      if (name.endsWith('.tmp')) await rm(file, { force: true })
      if (!name.endsWith('.run')) continue
      try {
        const header = await readFirstLine(file)
        headers.set(header.summary.id, header)
      } catch (error) {
        await discard(file, error)
      }
    }
    for (const { summary } of [...headers.values()]) {
      if (summary.status.kind !== 'running' && summary.status.kind !== 'paused') continue
      const run = await get(summary.id)
      if (run) await save({ ...run, detail: { ...run.detail, status: INTERRUPTED[summary.status.kind] } })
    }
  }

  if (folder) await readFolder()

  return {
    list,
    summary: (id) => headers.get(id)?.summary ?? null,
    get,
    cached: (id) => cache.get(id) ?? null,
    findByPrompt(promptUri, promptText) {
      const ofPrompt = [...headers.values()].filter(({ summary }) => summary.promptUri === promptUri)
      if (ofPrompt.length === 0) return null
      const wanted = digest(promptText)
      const matching = ofPrompt.filter(({ promptDigest }) => promptDigest === wanted)
      return matching.map(({ summary }) => summary).sort(newestFirst)[0] ?? null
    },
    keep(run) {
      if (folder) unsaved.set(run.detail.id, run)
      remember(run)
    },
    save,
    remove,
    restore,
    flush: async () => {
      await Promise.all([...unsaved.values()].map(save))
      await Promise.all(writes.values())
    },
  }
}

/** Reads as much of a run file as its first line needs. */
async function readFirstLine(path: string): Promise<RunHeader> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    for (let bytes = 16_384; ; bytes *= 4) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(bytes, size)), 0, Math.min(bytes, size), 0)
      const end = buffer.indexOf(10)
      if (end >= 0) return readRunHeader(buffer.toString('utf8', 0, end), size)
      if (bytesRead >= size) throw new Error('run file has no first line')
    }
  } finally {
    await file.close()
  }
}

function newestFirst(a: RunSummary, b: RunSummary): number {
  return b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error
}
