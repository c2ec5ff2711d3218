// Lets one download at a time write a file of the cache; the next one waits and goes on with what is there.
import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { HubParts } from './hubClient'

export interface BlobLock {
  /** Says that the holder is alive; cheap enough for every chunk. */
  touch(): Promise<void>
  release(): Promise<void>
}

const POLL_MS = 1_000
const TOUCH_EVERY_MS = 5_000
/** Longer than any pause of a download that is alive: a connection is given up after five minutes. */
const DEAD_AFTER_MS = 10 * 60_000

/** Takes the lock `path`, waiting for who has it. `onWait` is told once with whom. Rejects with CancelledError when the signal aborts. */
export async function takeBlobLock(path: string, parts: Pick<HubParts, 'wait'>, signal: AbortSignal, onWait: (holder: string) => void): Promise<BlobLock> {
  for (let isFirst = true; ; isFirst = false) {
    const handle = await open(path, 'wx').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null
      throw error
    })
    if (handle) {
      await handle.writeFile(JSON.stringify({ host: hostname(), pid: process.pid })).finally(() => handle.close())
      return heldLock(path)
    }
    const holder = await deadOrHolder(path)
    if (holder === null) await rm(path, { force: true })
    else {
      if (isFirst) onWait(holder)
      await parts.wait(POLL_MS, signal)
    }
  }
}

function heldLock(path: string): BlobLock {
  let touched = Date.now()
  return {
    async touch() {
      if (Date.now() - touched < TOUCH_EVERY_MS) return
      touched = Date.now()
      await utimes(path, new Date(), new Date()).catch(() => {
        // Somebody took the file away; the checksum decides in the end.
      })
    },
    release: () => rm(path, { force: true }),
  }
}

/** Null when whoever made the lock is gone. */
async function deadOrHolder(path: string): Promise<string | null> {
  try {
    const [{ mtimeMs }, text] = await Promise.all([stat(path), readFile(path, 'utf8')])
    if (Date.now() - mtimeMs > DEAD_AFTER_MS) return null
    // Written a moment after it is made.
    if (text === '') return 'another download'
    const { host, pid } = JSON.parse(text) as { readonly host?: unknown; readonly pid?: unknown }
    if (host !== hostname()) return `a download on ${String(host)}`
    return typeof pid === 'number' && isAlive(pid) ? `process ${pid}` : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'another download'
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
