// The engine thread's entry: an engine core behind messages; or, as a process of its own, the trial of an execution provider. Bundled to
// dist/engine.js; onnxruntime-node blocks only here.
import { parentPort, type MessagePort } from 'node:worker_threads'
import { answer } from '../protocol/rpc'
import { createEngineCore } from './engineCore'
import { runTrial } from './providerTrial'
import { transferables, type FromThread, type ThreadApi, type ToThread } from './threadMessages'
import { TRIAL_ARGUMENT } from './tryProvider'

if (parentPort) serve(parentPort)
else if (process.argv.includes(TRIAL_ARGUMENT)) void runTrial()
else throw new Error('the engine thread must be started as a worker thread')

function serve(port: MessagePort): void {
  const core = createEngineCore()
  const jobs = new Map<number, AbortController>()
  const send = (message: FromThread, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer)

  /** Runs a call that can be cancelled under its job number. */
  async function asJob<Result>(job: number, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const controller = new AbortController()
    jobs.set(job, controller)
    try {
      return await work(controller.signal)
    } finally {
      jobs.delete(job)
    }
  }

  const handlers: ThreadApi = {
    load: (request, job) => asJob(job, (signal) => core.load(request, (progress) => send({ kind: 'progress', job, progress }), signal)),
    generate: (request, job) => asJob(job, (signal) => core.generate(request, (event) => send({ kind: 'event', job, event }), signal)),
    read: (request, job) => asJob(job, (signal) => core.read(request, (event) => send({ kind: 'event', job, event }), signal)),
    memory: () => core.memory(),
    unload: () => core.unload(),
  }

  port.on('message', (message: ToThread) => {
    if (message.kind === 'cancel') jobs.get(message.job)?.abort()
    else void answer<ThreadApi>(handlers, message.call, (reply) => send({ kind: 'reply', reply }, transferables(reply)))
  })
}
