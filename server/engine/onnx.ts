// Everything that the engine knows of ONNX Runtime: tensors, sessions, execution providers. The only importer of onnxruntime-node.
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type * as Runtime from 'onnxruntime-node'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { thisMachine } from '../checkpoint/machine'
import { providerObstacle } from './providers/providerObstacle'
import { fallbackSentence, inOrder, providerNamed, PROVIDERS, type Obstacle, type Provider } from './providers/providers'
import { inPlainWords, libraryWords, stoppedRunning, withSizes } from './providers/providerWords'
import { QUIET_AND_EXACT, tryProvider } from './providers/tryProvider'

export type Tensor = OrtTensor

/** A loaded graph. `run` blocks its thread while it computes, and copies out only the outputs that are asked for. */
export interface Session {
  run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Readonly<Record<string, Tensor>>>
  release(): Promise<void>
}

export interface SessionOptions {
  /** Folder that the locations of external initialisers are relative to. */
  readonly baseFolder: string
  readonly threads: number
  /**
   * Whether constants are computed as the session loads; default true. Without it weights that are stored in another type than they are
   * computed in are converted on every run, and take no memory in between.
   */
  readonly fold?: boolean
  /**
   * Whether idle threads look for work a little while before they sleep; default false. For a session whose runs follow one another at once:
   * a step of the decoder takes a tenth less time and no more of the processor.
   */
  readonly spins?: boolean
  /** Whether weights are copied into the order that is fastest to compute with; default true. Without it they stay in their files. */
  readonly prepack?: boolean
}

export interface ChosenSessionOptions extends SessionOptions {
  /** Names of execution providers in order of preference; the CPU comes last, or ends the list. */
  readonly providers: readonly string[]
  /** What the weights take, for the words about a provider that has not so much; default unknown. */
  readonly bytesNeeded?: number
}

export interface OpenedSession {
  readonly session: Session
  readonly provider: Provider
  /** One sentence per provider that is not used, with one thing to do about it. */
  readonly fallbacks: readonly string[]
}

/** Errors are thrown to us as well; what the library would print goes past the user's eyes or into a program's output. */
const LOG_FATAL_ONLY = 4

/** Larger than any weight matrix: the default refuses to fold large ones, which are then converted again on every run. */
const FOLDING_LIMIT_BYTES = '1000000000000'

/** Longer than the gaps between the operators of a step. */
const SPIN_MICROSECONDS = '100'

let runtime: typeof Runtime | null = null

/** Loads the library, once. Must have been awaited before tensors are made. At `error` it says on stderr what went wrong. */
export async function loadRuntime(logLevel: 'fatal' | 'error' = 'fatal'): Promise<void> {
  if (runtime) return
  Object.assign(process.env, QUIET_AND_EXACT)
  const loaded = await import('onnxruntime-node')
  loaded.env.logLevel = logLevel
  runtime = loaded
}

/** Opens a session with the first provider that can run the graph. Throws the CPU's error when none can. */
export async function openSession(model: Uint8Array, { providers, bytesNeeded, ...options }: ChosenSessionOptions): Promise<OpenedSession> {
  await loadRuntime()
  const fallbacks: string[] = []
  for (const name of inOrder(providers)) {
    const provider = providerNamed(name)
    if (provider === 'cpu') break
    const obstacle = provider === null ? { reason: 'there is no such execution provider', remedy: `choose among ${PROVIDERS.join(', ')}` } : await obstacleTo(provider)
    if (provider !== null && obstacle === null) {
      try {
        return { session: await createSession(model, options, provider), provider, fallbacks }
      } catch (error) {
        const { gpus } = await thisMachine()
        fallbacks.push(fallbackSentence(provider, withSizes(inPlainWords(provider, messageOf(error)), bytesNeeded ?? null, gpus)))
      }
    } else if (obstacle) fallbacks.push(fallbackSentence(name, obstacle))
  }
  return { session: await createSession(model, options, 'cpu'), provider: 'cpu', fallbacks }
}

/** Opens a session with one provider, which is not tried first: a driver that fails may end the process. Nodes that it cannot run fall to the CPU. */
export async function createSession(model: Uint8Array, options: SessionOptions, provider: Provider): Promise<Session> {
  await loadRuntime()
  try {
    return wrap(await runtime!.InferenceSession.create(model, sessionOptions(options, provider)), provider)
  } catch (error) {
    throw new Error(libraryWords(messageOf(error)), { cause: error })
  }
}

export function float32Tensor(values: Float32Array, shape: readonly number[]): Tensor {
  return new runtime!.Tensor('float32', values, shape)
}

export function int64Tensor(values: readonly number[]): Tensor {
  return new runtime!.Tensor('int64', BigInt64Array.from(values, BigInt), [values.length])
}

export function boolTensor(values: readonly boolean[]): Tensor {
  return new runtime!.Tensor('bool', Uint8Array.from(values, Number), [values.length])
}

/** What a float32 output holds. The array is the caller's to keep and change. */
export function float32Data(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('output is not float32')
  return tensor.data
}

/** An int64 output, whose values must be safe integers. */
export function int64Data(tensor: Tensor | undefined): Int32Array {
  if (!(tensor?.data instanceof BigInt64Array)) throw new Error('output is not int64')
  return Int32Array.from(tensor.data, Number)
}

function wrap(session: InferenceSession, provider: Provider): Session {
  return {
    run: (feeds, outputs) =>
      session.run(feeds, outputs).catch((error: unknown) => {
        throw provider === 'cpu' ? new Error(`onnx runtime stopped: ${libraryWords(messageOf(error))}`, { cause: error }) : stoppedRunning(provider, messageOf(error))
      }),
    release: () => session.release(),
  }
}

/** What speaks against a provider on this machine: what can be seen, and then what a trial shows. */
async function obstacleTo(provider: Provider): Promise<Obstacle | null> {
  const { platform, arch } = process
  const libraryFolder = join(dirname(createRequire(__filename).resolve('onnxruntime-node/package.json')), 'bin/napi-v6', platform, arch)
  const built = runtime!.listSupportedBackends().map(({ name }) => name)
  const exists = (file: string): boolean => existsSync(join(libraryFolder, file))
  return providerObstacle(provider, { platform, arch, libraryFolder, version: runtime!.env.versions.node ?? '', built, exists }) ?? (await tryProvider(provider, libraryFolder))
}

function sessionOptions({ baseFolder, threads, spins = false, prepack = true, fold = true }: SessionOptions, provider: Provider): InferenceSession.SessionOptions {
  return {
    // One at a time: of several, those that cannot load are dropped without a word.
    executionProviders: [provider],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: LOG_FATAL_ONLY,
    // What is converted on every run is as large as the weights: kept for the next run it would take their memory after all.
    ...(!fold && { enableCpuMemArena: false, enableMemPattern: false }),
    extra: {
      session: {
        model_external_initializers_file_folder_path: baseFolder,
        // Every session has its own threads; those that spin for long would fight for the cores.
        intra_op: spins ? { allow_spinning: '1', spin_duration_us: SPIN_MICROSECONDS } : { allow_spinning: '0' },
        ...(!prepack && { disable_prepacking: '1' }),
      },
      optimization: { constant_folding_max_output_size_in_bytes: FOLDING_LIMIT_BYTES, ...(!fold && { disable_specified_optimizers: 'ConstantFolding' }) },
    },
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
