// Everything that the engine knows of ONNX Runtime: tensors, sessions, execution providers. The only importer of onnxruntime-node.
import type * as Runtime from 'onnxruntime-node'
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'

export type Tensor = OrtTensor

/** A loaded graph. `run` blocks its thread while it computes, and copies out only the outputs that are asked for. */
export interface Session {
  run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<Readonly<Record<string, Tensor>>>
  release(): Promise<void>
}

export interface SessionOptions {
  /** Folder that the locations of external initialisers are relative to. */
  readonly baseFolder: string
  /** Execution providers in order of preference; the CPU is always tried last. */
  readonly providers: readonly string[]
  readonly threads: number
  /** Whether weights are copied into the order that is fastest to compute with; default true. Without it they stay in their files. */
  readonly prepack?: boolean
}

export interface OpenedSession {
  readonly session: Session
  readonly provider: string
  /** One sentence per provider that was tried and not used. */
  readonly fallbacks: readonly string[]
}

/** Errors are thrown to us as well; what the library would print goes past the user's eyes or into a program's output. */
const LOG_FATAL_ONLY = 4

/** Larger than any weight matrix: the default refuses to fold large ones, which are then converted again on every run. */
const FOLDING_LIMIT_BYTES = '1000000000000'

let runtime: typeof Runtime | null = null

/** Loads the library. Must have been awaited before tensors are made. */
export async function loadRuntime(): Promise<void> {
  // Read by the library as it loads: nothing may leave the machine.
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  runtime ??= await import('onnxruntime-node')
  runtime.env.logLevel = 'fatal'
}

/** Opens a session with the first provider that can run the graph. Throws the CPU's error when none can. */
export async function openSession(model: Uint8Array, options: SessionOptions): Promise<OpenedSession> {
  await loadRuntime()
  const fallbacks: string[] = []
  for (const provider of [...options.providers.filter((name) => name !== 'cpu' || options.providers[0] === 'cpu'), 'cpu']) {
    try {
      return { session: wrap(await runtime!.InferenceSession.create(model, sessionOptions(options, provider))), provider, fallbacks }
    } catch (error) {
      if (provider === 'cpu') throw new Error(runtimeMessage(error), { cause: error })
      fallbacks.push(`${provider} is not used: ${runtimeMessage(error)}`)
    }
  }
  throw new Error('no execution provider was tried')
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

function wrap(session: InferenceSession): Session {
  return {
    run: (feeds, outputs) =>
      session.run(feeds, outputs).catch((error: unknown) => {
        throw new Error(`onnx runtime stopped: ${runtimeMessage(error)}`, { cause: error })
      }),
    release: () => session.release(),
  }
}

function sessionOptions({ baseFolder, threads, prepack = true }: SessionOptions, provider: string): InferenceSession.SessionOptions {
  return {
    // One at a time: of several, those that cannot load are dropped without a word. Nodes that it cannot run fall to the CPU anyway.
    executionProviders: [provider],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: LOG_FATAL_ONLY,
    extra: {
      session: {
        model_external_initializers_file_folder_path: baseFolder,
        // Every session has its own threads; spinning ones would fight for the cores.
        intra_op: { allow_spinning: '0' },
        ...(!prepack && { disable_prepacking: '1' }),
      },
      optimization: { constant_folding_max_output_size_in_bytes: FOLDING_LIMIT_BYTES },
    },
  }
}

/** The library's own words, without the source line and the list of tried backends that it puts in front. */
function runtimeMessage(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0]!
  return text.replace(/^no available backend found\. ERR: /, '').replace(/\.$/, '').trim()
}
