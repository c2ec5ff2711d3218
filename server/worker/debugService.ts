// Owns the debug sessions of the editor: a private pipe and an adapter for each, on the model that all runs share.
import { serveDebugAdapter } from '../debug/dap/serveDebugAdapter'
import type { ProgramOpener } from '../debug/program'
import { InputError } from '../protocol/errors'
import { openDebugPipe, type DebugPipe } from './debugPipe'
import { createDebugPrograms, type DebugProgramParts } from './debugPrograms'

/** Whoever asks for a pipe connects at once. */
const CONNECT_MS = 30_000

export interface DebugService {
  /** The address of a pipe that speaks the debug adapter protocol for one session. */
  openPipe(): Promise<string>
  /** Ends the sessions whose model is no longer the loaded one. */
  modelChanged(): void
  /** Ends all sessions: what they ran on is gone. */
  engineDied(reason: Error): void
  /** Ends all sessions; resolves when their branches are on disk. */
  close(): Promise<void>
}

export function createDebugService(parts: DebugProgramParts): DebugService {
  const programs = createDebugPrograms(parts)
  const pipes = new Set<DebugPipe>()
  const sessions = new Set<Promise<void>>()
  let isClosed = false

  async function serve(pipe: DebugPipe, opener: ProgramOpener): Promise<void> {
    const socket = await pipe.connected
    if (!socket) return void pipes.delete(pipe)
    const end = (): void => void socket.destroy()
    ends.add(end)
    // A client that vanishes is the end of its session, told by the end of the stream.
    socket.on('error', () => {})
    try {
      await serveDebugAdapter({ input: socket, output: socket, opener, log: (message) => parts.log(message) })
    } finally {
      ends.delete(end)
      pipes.delete(pipe)
      socket.end()
    }
  }
  const ends = new Set<() => void>()

  return {
    async openPipe() {
      if (isClosed) throw new InputError('worker is shutting down', 'start the debug session again')
      const pipe = await openDebugPipe(CONNECT_MS)
      pipes.add(pipe)
      const session = serve(pipe, programs.opener).catch((error: unknown) => parts.log(error instanceof Error ? (error.stack ?? error.message) : String(error)))
      sessions.add(session)
      void session.then(() => sessions.delete(session))
      return pipe.path
    },
    modelChanged: () => programs.modelChanged(),
    engineDied: (reason) => programs.engineDied(reason),
    async close() {
      isClosed = true
      for (const pipe of pipes) pipe.close()
      for (const end of ends) end()
      await Promise.all(sessions)
      await programs.close()
    },
  }
}
