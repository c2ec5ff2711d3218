// Lets one process at a time do what several would do alike; the next one waits until it is done or the first is gone.
import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { CancelledError } from '../protocol/errors'

export interface FileLock {
  release(): Promise<void>
}

const POLL_MS = 250
const HEARTBEAT_MS = 2_000
/** A holder that has missed so many heartbeats was killed, or its machine sleeps: it must not mind that another goes on. */
const DEAD_AFTER_MS = 15_000

/**
 * Takes the lock `path`, waiting for who has it; `onWait` is called with each look at it. Rejects with CancelledError when the signal aborts.
 * Two may hold it for a moment where one was taken for dead, so what it guards must bear that.
 */
export async function takeFileLock(path: string, signal: AbortSignal, onWait: () => Promise<void>): Promise<FileLock> {
  for (;;) {
    if (signal.aborted) throw new CancelledError()
    const handle = await open(path, 'wx').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null
      throw error
    })
    if (handle) {
      await handle.writeFile(JSON.stringify({ host: hostname(), pid: process.pid })).finally(() => handle.close())
      return heldLock(path)
    }
    if (await isAbandoned(path)) await rm(path, { force: true })
    else {
      await onWait()
      await pause(signal)
    }
  }
}

/** Whether somebody has the lock who is alive. */
export async function isLockHeld(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null && !(await isAbandoned(path))
}

function heldLock(path: string): FileLock {
  const heartbeat = setInterval(() => {
    // Where somebody took the file away there is nothing to touch.
    utimes(path, new Date(), new Date()).catch(() => {})
  }, HEARTBEAT_MS)
  heartbeat.unref()
  return {
    async release() {
      clearInterval(heartbeat)
      await rm(path, { force: true })
    },
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const [{ mtimeMs }, text] = await Promise.all([stat(path), readFile(path, 'utf8')])
    if (Date.now() - mtimeMs > DEAD_AFTER_MS) return true
    // Written a moment after it is made.
    if (text === '') return false
    const { host, pid } = JSON.parse(text) as { readonly host?: unknown; readonly pid?: unknown }
    return host === hostname() && typeof pid === 'number' && !isAlive(pid)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    if (error instanceof SyntaxError) return true
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

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, POLL_MS)
    signal.addEventListener('abort', done)
  })
}
