// A private pipe for one debug session: a Unix socket in a folder that only this user can enter, or a named pipe that cannot be guessed.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface DebugPipe {
  readonly path: string
  /** The one connection; null when none came in time or the pipe was closed before. From then on nothing is left on disk. */
  readonly connected: Promise<Socket | null>
  close(): void
}

/** Listens until the first connection, or until the time is over. */
export async function openDebugPipe(timeoutMs: number): Promise<DebugPipe> {
  // mkdtemp makes folders of mode 0700. Socket paths may have about 100 characters.
  const folder = process.platform === 'win32' ? null : await mkdtemp(join(tmpdir(), 'promptscope-'))
  const path = folder === null ? `\\\\.\\pipe\\promptscope-${randomBytes(16).toString('hex')}` : join(folder, 'debug')
  const server = createServer()
  let settle: (socket: Socket | null) => void = () => {}
  const connected = new Promise<Socket | null>((resolve) => (settle = resolve)).then(async (socket) => {
    clearTimeout(timer)
    server.close()
    if (folder !== null) await rm(folder, { recursive: true, force: true })
    return socket
  })
  const timer = setTimeout(() => settle(null), timeoutMs)
  timer.unref()
  let isTaken = false
  server.on('connection', (socket) => {
    if (isTaken) return socket.destroy()
    isTaken = true
    settle(socket)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } catch (error) {
    settle(null)
    throw error
  }
  return { path, connected, close: () => settle(null) }
}
