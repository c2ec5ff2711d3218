// What every command of the command line gets.
import type { Terminal } from './terminal'

export interface CommandContext {
  readonly terminal: Terminal
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
}
