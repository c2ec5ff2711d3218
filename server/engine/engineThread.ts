// The engine as the worker sees it: the same interface, computing in a thread of its own that is started again when it dies.
import { Worker } from 'node:worker_threads'
import { CancelledError } from '../protocol/errors'
import { connect, type Caller } from '../protocol/rpc'
import type { Progress } from '../protocol/values'
import type { Engine, GenerateEvent, LoadRequest, ReadEvent } from './engine'
import type { FromThread, ThreadApi, ToThread } from './threadMessages'
import { QUIET_AND_EXACT } from './tryProvider'

interface Running {
  readonly thread: Worker
  readonly caller: Caller<ThreadApi>
}

/**
 * An engine in a worker thread that runs `entryFile` (the bundled thread.ts). The thread starts with the first call. When it dies, every call
 * that waits rejects; the next one starts a new thread, in which the model that was loaded is loaded again first.
 */
export function createThreadedEngine(entryFile: string): Engine {
  const onProgress = new Map<number, (progress: Progress) => void>()
  /** Each job is sent only the events of its own kind of call. */
  const onEvent = new Map<number, (event: never) => void>()
  let running: Running | null = null
  /** What the thread must have loaded before it can generate; null when nothing is. */
  let model: LoadRequest | null = null
  /** The thread in which `model` is loaded, or is being loaded. */
  let holder: { readonly running: Running; readonly loading: Promise<unknown> } | null = null
  let nextJob = 1
  let disposed = false

  const start = (): Running => {
    if (disposed) throw new Error('the engine has been disposed of')
    // Read as ONNX Runtime loads, from the process: what a thread sets in its own copy of the environment does not reach it.
    Object.assign(process.env, QUIET_AND_EXACT)
    const thread = new Worker(entryFile)
    const caller = connect<ThreadApi>((call) => thread.postMessage({ kind: 'call', call } satisfies ToThread))
    const started = { thread, caller }
    const died = (reason: string): void => {
      if (running === started) running = null
      caller.close(new Error(`the engine thread stopped (${reason}); run again to start a new one`))
    }
    thread.on('message', (message: FromThread) => {
      if (message.kind === 'reply') caller.receive(message.reply)
      else if (message.kind === 'progress') onProgress.get(message.job)?.(message.progress)
      else (onEvent.get(message.job) as ((event: GenerateEvent | ReadEvent) => void) | undefined)?.(message.event)
    })
    thread.on('error', (error) => died(error instanceof Error ? error.message : String(error)))
    thread.on('exit', (code) => died(disposed ? 'disposed of' : `exit code ${code}`))
    return started
  }

  const current = (): Running => (running ??= start())

  /** Calls a method under a new job number, tells the thread when `signal` fires, and turns its answer back into a CancelledError. */
  const asJob = async <Result>(signal: AbortSignal, call: (job: number) => Promise<Result>): Promise<Result> => {
    if (signal.aborted) throw new CancelledError()
    const job = nextJob++
    const cancel = (): void => running?.thread.postMessage({ kind: 'cancel', job } satisfies ToThread)
    signal.addEventListener('abort', cancel)
    try {
      return await call(job)
    } catch (error) {
      throw error instanceof Error && error.name === 'CancelledError' ? new CancelledError() : error
    } finally {
      signal.removeEventListener('abort', cancel)
      onProgress.delete(job)
      onEvent.delete(job)
    }
  }

  /** Loads the model in a thread that was started after the one that had it died. */
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

  return {
    async load(request, progress, signal) {
      model = null
      const here = current()
      const loaded = await asJob(signal, (job) => {
        onProgress.set(job, progress)
        return here.caller.api.load(request, job)
      })
      model = request
      holder = { running: here, loading: Promise.resolve() }
      return loaded
    },
    async generate(request, event, signal) {
      await holdModel()
      return asJob(signal, (job) => {
        onEvent.set(job, event)
        return current().caller.api.generate(request, job)
      })
    },
    async read(request, event, signal) {
      await holdModel()
      return asJob(signal, (job) => {
        onEvent.set(job, event)
        return current().caller.api.read(request, job)
      })
    },
    memory: async () => (running ? running.caller.api.memory() : { processBytes: process.memoryUsage.rss(), cacheBytes: 0 }),
    async unload() {
      model = null
      await running?.caller.api.unload()
    },
    async dispose() {
      disposed = true
      await running?.thread.terminate()
      running = null
    },
  }
}
