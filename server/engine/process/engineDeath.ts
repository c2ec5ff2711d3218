// Why an engine process ended by itself, in words for whoever waits for it.
import { byteText } from '../../formats/byteText'
import { InputError } from '../../protocol/errors'

export interface EngineDeath {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it wrote to stderr, the end of it. */
  readonly printed: string
  /** The execution provider of the model it had loaded; null before one was. */
  readonly provider: string | null
  /** Of this machine, in bytes. */
  readonly memoryBytes: number
}

const AGAIN = 'run again to start it anew'
const SMALLER = 'close other programs or choose a smaller precision, then run again'

/** Crashes of native code: segmentation fault, abort, illegal instruction; on Windows their exit codes, all from 0xC0000000 on. */
const CRASHES: readonly (NodeJS.Signals | null)[] = ['SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP']
const WINDOWS_CRASH = 0xc0000000

export function engineDeath({ code, signal, printed, provider, memoryBytes }: EngineDeath): InputError {
  const stopped = (why: string): string => `the engine stopped (${why})`
  if (/heap out of memory/.test(printed)) return new InputError(stopped('its JavaScript heap is full'), 'run a shorter prompt, or read fewer layers')
  if (signal === 'SIGKILL') return new InputError(stopped(`the system ended it, as it does when the ${byteText(memoryBytes)} of this machine run out`), SMALLER)
  if (/bad_alloc|Failed to allocate memory|out of memory/i.test(printed)) return new InputError(stopped(`the ${byteText(memoryBytes)} of this machine did not suffice`), SMALLER)
  if (signal === 'SIGBUS') return new InputError(stopped('a file of weights changed or was cut while it was in use'), 'check that the files are complete, then run again')
  if (CRASHES.includes(signal) || (code !== null && code >= WINDOWS_CRASH)) {
    const how = `it crashed with ${signal ?? `code 0x${code!.toString(16)}`}${provider === null || provider === 'cpu' ? '' : ` while it computed on ${provider}`}`
    return new InputError(stopped(how), provider === null || provider === 'cpu' ? AGAIN : `run again, or put cpu before ${provider} in promptscope.providers`)
  }
  return new InputError(stopped(errorLine(printed) ?? signal ?? `exit code ${code}`), AGAIN)
}

/** The first line of an error that nobody caught, without its class. */
function errorLine(printed: string): string | null {
  return /^(?:Uncaught )?\w*Error(?: \[\w+\])?: (.+)$/m.exec(printed)?.[1]?.trim() ?? null
}
