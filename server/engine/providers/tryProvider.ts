// Tries an execution provider in a process of its own, because a driver that fails may take its whole process down.
import { fork } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { inPlainWords, libraryWords } from './providerWords'
import type { Obstacle, Provider } from './providers'

/** Relative Euclidean differences between a provider's results and the CPU's. */
export interface SelfTestResult {
  /** Of the residuals and logits of a decoder in float32 arithmetic. */
  readonly decoder: number
  /** Of products with 8-bit and 4-bit weights, where each provider rounds activations in its own way. */
  readonly quantised: number
}

/** What the process sends, once. That it sends nothing means that the driver took it down. */
export type TrialMessage = { readonly kind: 'computed'; readonly result: SelfTestResult } | { readonly kind: 'failed'; readonly message: string }

export interface TrialOptions {
  /** The bundle that runs a trial when it is started with TRIAL_ARGUMENT. */
  readonly entryFile: string
  readonly limitMs: number
}

/** Marks the process's arguments; the provider's name comes after it. */
export const TRIAL_ARGUMENT = '--try-provider'

/** Float32 sums in another order differ by 1e-6; numbers with ten bits, as TF32 and half precision have them, by 1e-3. */
const MOST: SelfTestResult = { decoder: 2e-4, quantised: 0.03 }

/** Reading CUDA's libraries and compiling shaders for the first time take seconds. */
const LIMIT_MS = 60_000

const NEW_DRIVER = 'install or update the graphics driver'

/** Libraries read these as they load. TF32 would cut float32 products to ten bits, and only the environment can switch it off. */
export const QUIET_AND_EXACT = { ORT_DISABLE_TELEMETRY: '1', NVIDIA_TF32_OVERRIDE: '0' }

/** Of what the process prints; the first lines say what happened, later ones what came of it. */
const MOST_PRINTED = 10_000

const answers = new Map<string, Promise<Obstacle | null>>()

/** Null when the provider computes as the CPU does. The answer is kept for as long as the machine's drivers stay what they are. */
export function tryProvider(provider: Provider, libraryFolder: string, options: TrialOptions = { entryFile: resolve(__dirname, 'engine.js'), limitMs: LIMIT_MS }): Promise<Obstacle | null> {
  const key = [provider, options.entryFile, ...driverFiles(libraryFolder).map(changeOf)].join('\n')
  const known = answers.get(key) ?? runTrial(provider, options)
  answers.set(key, known)
  return known
}

async function runTrial(provider: Provider, { entryFile, limitMs }: TrialOptions): Promise<Obstacle | null> {
  if (!existsSync(entryFile)) return { reason: `it could not be tried, because ${entryFile} is missing`, remedy: 'build Promptscope again' }
  const child = fork(entryFile, [TRIAL_ARGUMENT, provider], {
    // Advanced, because JSON has no word for what is not a number.
    execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced', env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ...QUIET_AND_EXACT },
  })
  let printed = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(0, MOST_PRINTED)))
  let timer: NodeJS.Timeout | null = null
  try {
    return await new Promise<Obstacle | null>((done) => {
      timer = setTimeout(() => done({ reason: `a trial of it had not ended after ${limitMs / 1000} s`, remedy: NEW_DRIVER }), limitMs)
      child.on('message', (message: TrialMessage) => done(message.kind === 'computed' ? judge(message.result) : inPlainWords(provider, `${message.message}\n${printed}`)))
      child.on('error', (error) => done({ reason: `no process could be started to try it (${error.message})`, remedy: 'close other programs and load the model again' }))
      // After its streams, so that what was printed last is there; and after its message, if there was one.
      child.on('close', (code, signal) => done({ reason: `a trial of it crashed (${signal ?? `exit code ${code}`}${printed === '' ? '' : `: ${libraryWords(printed)}`})`, remedy: NEW_DRIVER }))
    })
  } finally {
    if (timer) clearTimeout(timer)
    // The libraries' own clean-up at exit is no part of the trial.
    child.kill('SIGKILL')
  }
}

function judge({ decoder, quantised }: SelfTestResult): Obstacle | null {
  const off = (what: string, share: number, most: number): string[] => (share <= most ? [] : [`${what} are ${Number.isFinite(share) ? `off by ${(100 * share).toPrecision(2)} %` : 'not numbers'}`])
  const parts = [...off('float32 products', decoder, MOST.decoder), ...off('quantised products', quantised, MOST.quantised)]
  return parts.length === 0 ? null : { reason: `it computes other numbers than the processor: ${parts.join(', ')}`, remedy: NEW_DRIVER }
}

/** Files that change when a driver is installed, updated or taken away. */
function driverFiles(libraryFolder: string): string[] {
  const linux = ['/etc/ld.so.cache', '/proc/driver/nvidia/version', '/dev/nvidia0', '/dev/dri', '/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d']
  return [libraryFolder, ...(process.platform === 'linux' ? linux : [])]
}

/** When the file last changed; its size does for files that the kernel makes up on each look. */
function changeOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (!stats) return 'none'
  return file.startsWith('/proc/') ? `${stats.size}` : `${stats.mtimeMs}`
}
