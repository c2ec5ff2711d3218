// `promptscope serve --dap --stdio`: one debug session over stdin and stdout, with an engine of its own.
import { serveDebugAdapter } from '../debug/dap/serveDebugAdapter'
import type { CommandContext } from './commandContext'
import { createDapProgramOpener } from './serveDapProgram'

/** Resolves when the session has ended or stdin has closed, and the engine process with it. Everything but the protocol goes to stderr. */
export async function serveDap({ terminal, signal }: CommandContext): Promise<void> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  // Notes of other commands wait for their output; here stdout belongs to the protocol.
  const programs = createDapProgramOpener({ terminal: { ...terminal, note: log }, signal })
  const stop = (): void => void process.stdin.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await serveDebugAdapter({ input: process.stdin, output: process.stdout, opener: programs.opener, log })
  } finally {
    signal.removeEventListener('abort', stop)
    await programs.close()
    process.stdin.destroy()
  }
}
