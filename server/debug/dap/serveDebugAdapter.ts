// The debug adapter over any two streams: one session from `initialize` to its end.
import { InputError } from '../../protocol/errors'
import type { ProgramOpener } from '../program'

export interface DebugAdapterParts {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  readonly opener: ProgramOpener
  log(message: string): void
}

/** Resolves when the session has ended or the input has closed; what the opener opened is closed by then. */
export function serveDebugAdapter(_parts: DebugAdapterParts): Promise<void> {
  return Promise.reject(new InputError('serve --dap is not available in this version', 'use serve --lsp --stdio, or the trace command'))
}
