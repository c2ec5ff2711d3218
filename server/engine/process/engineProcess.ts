// The engine as the worker sees it: the same interface, computing in a process of its own that is started again when it dies.
import { fork } from 'node:child_process'
import { totalmem } from 'node:os'
import { CancelledError } from '../../protocol/errors'
import { connect, type Caller } from '../../protocol/rpc'
import type { Progress } from '../../protocol/values'
import type { Engine, GenerateEvent, LoadRequest, ReadEvent } from '../engine'
import { createCapturedParts } from './capturedParts'
import { engineDeath } from './engineDeath'
import { providerNamed } from '../providers/providers'
import type { FromEngine, EngineApi, ToEngine } from './engineMessages'
import { QUIET_AND_EXACT } from '../providers/tryProvider'

interface Running {
  readonly caller: Caller<EngineApi>
  tell(message: ToEngine): void
  /** Ends the process at once; resolves when it is gone, and with it all its memory. */
  end(): Promise<void>
}

/**
 * What glibc's allocator, where there is one, reads as the process starts. From 4 MiB on a block is memory of its own, which goes back to the
 * system when it is freed: weights, of which a load leaves copies behind. Smaller ones, the results of runs, are used again: giving them back
 * each time and having new pages made took longer than the arithmetic on them. And blocks may lie in huge pages: reading all weights for one
 * token takes a tenth to a quarter less time then.
 */
const ALLOCATOR = ['glibc.malloc.mmap_threshold=4194304', 'glibc.malloc.trim_threshold=268435456', 'glibc.malloc.hugetlb=1']

/** Of what the process prints: enough for the error that ended it. */
const MOST_PRINTED = 10_000

/**
 * An engine in a process that runs `entryFile` (the bundled engineEntry.ts). The process starts with the first call and ends when its model is
 * unloaded, replaced or its load cancelled, which gives all memory back. When it dies, `onDeath` is told why, also while nothing waits, and
 * every call that waits rejects with the same InputError; the next one starts a new process, in which the model that was loaded is loaded again
 * first.
 */
export function createEngineProcess(entryFile: string, onDeath: (reason: Error) => void = () => {}): Engine {
  const onProgress = new Map<number, (progress: Progress) => void>()
  /** Each job is sent only the events of its own kind of call. */
  const onEvent = new Map<number, (event: never) => void>()
  const captured = new Map<number, ReturnType<typeof createCapturedParts>>()
  let running: Running | null = null
  /** What the process must have loaded before it can generate; null when nothing is. */
  let model: LoadRequest | null = null
  /** The one that computes, or that a load tries first. */
  let provider: string | null = null
  /** The process in which `model` is loaded, or is being loaded. */
  let holder: { readonly running: Running; readonly loading: Promise<unknown> } | null = null
  /** Settles with the last load or unload; never rejects. */
  let changed: Promise<unknown> = Promise.resolve()
  const underWay = new Set<Promise<unknown>>()
  let nextJob = 1
  let disposed = false

  const start = (): Running => {
    if (disposed) throw new Error('the engine has been disposed of')
    // Structured clones rather than JSON, because events and requests hold typed arrays.
    const child = fork(entryFile, [], {
      execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ...QUIET_AND_EXACT, GLIBC_TUNABLES: [process.env['GLIBC_TUNABLES'], ...ALLOCATOR].filter(Boolean).join(':') },
    })
    const tell = (message: ToEngine): void => void child.send(message, () => {}) // A process that is gone is noticed below.
    const caller = connect<EngineApi>((call) => tell({ kind: 'call', call }))
    let ended = false
    let printed = ''
    const kill = (): void => void child.kill('SIGKILL')
    const gone = new Promise<void>((resolve) => {
      const died = (reason: Error): void => {
        process.removeListener('exit', kill)
        if (running === started) running = null
        if (!ended) onDeath(reason)
        caller.close(ended ? new Error('the engine has been disposed of') : reason)
        resolve()
      }
      child.on('error', died)
      // After its streams have closed, so that what was printed last is there.
      child.on('close', (code, signal) => died(engineDeath({ code, signal, printed, provider, memoryBytes: totalmem() })))
    })
    const started: Running = { caller, tell, end: () => ((ended = true), kill(), gone) }
    process.once('exit', kill)
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-MOST_PRINTED)))
    child.on('message', (message: FromEngine) => {
      if (message.kind === 'reply') caller.receive(message.reply)
      else if (message.kind === 'progress') onProgress.get(message.job)?.(message.progress)
      else if (message.kind === 'captured') captured.get(message.job)?.add(message.part)
      else (onEvent.get(message.job) as ((event: GenerateEvent | ReadEvent) => void) | undefined)?.(message.event)
    })
    return started
  }

  const current = (): Running => (running ??= start())

  const stop = async (): Promise<void> => {
    const old = running
    running = null
    model = null
    provider = null
    await old?.end()
  }

  /** Calls a method under a new job number, lets `cancel` know when `signal` fires, and turns what comes of it into a CancelledError. */
  const asJob = async <Result>(signal: AbortSignal, call: (job: number) => Promise<Result>, cancel: (job: number) => void): Promise<Result> => {
    if (signal.aborted) throw new CancelledError()
    const job = nextJob++
    const onAbort = (): void => cancel(job)
    signal.addEventListener('abort', onAbort)
    try {
      return await call(job)
    } catch (error) {
      throw signal.aborted || (error instanceof Error && error.name === 'CancelledError') ? new CancelledError() : error
    } finally {
      signal.removeEventListener('abort', onAbort)
      onProgress.delete(job)
      onEvent.delete(job)
      captured.delete(job)
    }
  }

  /** Loads the model in a process that was started after the one that had it died. */
  const holdModel = (): Promise<unknown> => {
    const here = current()
    if (!model) return Promise.resolve()
    if (holder?.running === here) return holder.loading
    const loading = here.caller.api.load(model, nextJob++)
    const held = { running: here, loading }
    holder = held
    loading.catch(() => {
      if (holder === held) holder = null
    })
    return loading
  }

  /** Ends the process once everything asked for earlier has been answered, then does `work`; what is asked for later waits for both. */
  const afterStop = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = Promise.allSettled([changed, ...underWay]).then(stop).then(work)
    changed = result.catch(() => {})
    return result
  }

  /** Runs a job on the loaded model; between tokens it looks whether it is cancelled. */
  const onModel = <Result, Event>(event: (event: Event) => void, signal: AbortSignal, call: (api: EngineApi, job: number) => Promise<Result>): Promise<Result> => {
    const result = changed.then(holdModel).then(() =>
      asJob(
        signal,
        (job) => {
          onEvent.set(job, event)
          return call(current().caller.api, job)
        },
        (job) => running?.tell({ kind: 'cancel', job }),
      ),
    )
    underWay.add(result)
    const ended = (): void => void underWay.delete(result)
    result.then(ended, ended)
    return result
  }

  return {
    load: (request, progress, signal) =>
      afterStop(async () => {
        const here = current()
        provider = request.providers.find((name) => providerNamed(name) !== 'cpu') ?? null
        const call = (job: number) => {
          onProgress.set(job, progress)
          return here.caller.api.load(request, job)
        }
        // Reading weights blocks the process for as long as it takes: only its end stops that.
        const loaded = await asJob(signal, call, () => void stop())
        model = request
        provider = loaded.identity.provider
        holder = { running: here, loading: Promise.resolve() }
        return loaded
      }),
    generate: (request, event, signal) =>
      onModel(event, signal, async (api, job) => {
        const parts = request.capture && createCapturedParts()
        if (parts) captured.set(job, parts)
        const result = await api.generate(request, job)
        return { ...result, captured: parts?.finish() ?? null }
      }),
    read: (request, event, signal) => onModel(event, signal, (api, job) => api.read(request, job)),
    inspect: (request, signal) => onModel(() => {}, signal, (api, job) => api.inspect(request, job)),
    async memory() {
      const here = process.memoryUsage.rss()
      if (!running) return { processBytes: here, cacheBytes: 0 }
      const { processBytes, cacheBytes } = await running.caller.api.memory()
      return { processBytes: here + processBytes, cacheBytes }
    },
    unload: () => afterStop(() => Promise.resolve()),
    async dispose() {
      disposed = true
      await stop()
    },
  }
}
