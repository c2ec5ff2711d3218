#!/usr/bin/env node
// The command line: picks the command, and turns whatever comes of it into one line and an exit code. `promptscope --help` tells the rest.
import { CancelledError, InputError } from './protocol/errors'
import { runCacheCommand } from './cli/cacheCommand'
import type { CommandContext } from './cli/commandContext'
import { runDownloadCommand } from './cli/downloadCommand'
import { CACHE_HELP, DOWNLOAD_HELP, HELP, MODELS_HELP, PRECISION_HELP, SERVE_HELP, SUGGEST_HELP, TRACE_HELP } from './cli/help'
import { installedVersion } from './cli/installation'
import { runModelsCommand } from './cli/modelsCommand'
import { runPrecisionCommand } from './cli/precisionCommand'
import { runServeCommand } from './cli/serveCommand'
import { runSuggestCommand } from './cli/suggestCommand'
import { createTerminal, type Terminal } from './cli/terminal'
import { runTraceCommand } from './cli/traceCommand'
import { UsageError } from './cli/usageError'

interface Command {
  readonly help: string
  run(args: readonly string[], context: CommandContext): Promise<void>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  trace: { help: TRACE_HELP, run: runTraceCommand },
  suggest: { help: SUGGEST_HELP, run: runSuggestCommand },
  models: { help: MODELS_HELP, run: runModelsCommand },
  precision: { help: PRECISION_HELP, run: runPrecisionCommand },
  cache: { help: CACHE_HELP, run: runCacheCommand },
  download: { help: DOWNLOAD_HELP, run: runDownloadCommand },
  serve: { help: SERVE_HELP, run: runServeCommand },
}

/** A model that is being loaded may keep its thread busy after Ctrl-C. */
const EXIT_GRACE_MS = 2000

const EXIT = { done: 0, input: 1, usage: 2, interrupted: 130 } as const

async function main(args: readonly string[]): Promise<number> {
  const terminal = createTerminal()
  const interrupt = new AbortController()
  process.once('SIGINT', () => {
    interrupt.abort()
    // A second Ctrl-C does not wait for the model.
    process.once('SIGINT', () => process.exit(EXIT.interrupted))
  })
  const [name, ...rest] = args
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  try {
    if (name === '--help' || name === '-h' || name === 'help') terminal.out(HELP)
    else if (name === '--version') terminal.out(`${installedVersion()}\n`)
    else if (name === undefined) {
      terminal.fail(HELP)
      return EXIT.usage
    } else if (!command) throw new UsageError(`there is no command ${name}`)
    else if (rest.includes('--help') || rest.includes('-h')) terminal.out(command.help)
    else await command.run(rest, { terminal, signal: interrupt.signal })
    return EXIT.done
  } catch (error) {
    return report(error, command, terminal, interrupt.signal)
  }
}

function report(error: unknown, command: Command | undefined, terminal: Terminal, interrupted: AbortSignal): number {
  if (interrupted.aborted || error instanceof CancelledError) {
    terminal.fail('promptscope: interrupted')
    return EXIT.interrupted
  }
  if (error instanceof UsageError) {
    const usage = (command?.help ?? HELP).split('\n').find((line) => line.startsWith('Usage:'))
    terminal.fail(`promptscope: ${error.message}\n${usage}\nMore with --help.`)
    return EXIT.usage
  }
  if (error instanceof InputError) terminal.fail(`promptscope: ${error.line}`)
  // Not the user's doing: still one line; the stack is for whoever asks for it.
  else terminal.fail(`promptscope: internal error: ${process.env.PROMPTSCOPE_STACK && error instanceof Error ? error.stack : String(error).split('\n')[0]}`)
  return EXIT.input
}

// Whoever reads our output may stop (`| head`); that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.input))

void main(process.argv.slice(2)).then((code) => {
  // Not process.exit: what was written to a pipe must first leave it. But nothing may keep the process for long.
  process.exitCode = code
  setTimeout(() => process.exit(code), EXIT_GRACE_MS).unref()
})
