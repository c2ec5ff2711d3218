// The engine process's entry: an engine core behind messages; or the trial of an execution provider. Bundled to dist/engine.js; onnxruntime-node
// blocks only here.
import { answer } from '../../protocol/rpc'
import { capturedParts } from './capturedParts'
import { createEngineCore } from '../engineCore'
import { runTrial } from '../providers/providerTrial'
import type { FromEngine, EngineApi, ToEngine } from './engineMessages'
import { TRIAL_ARGUMENT } from '../providers/tryProvider'

if (process.argv.includes(TRIAL_ARGUMENT)) void runTrial()
else serve()

function serve(): void {
  const core = createEngineCore()
  const jobs = new Map<number, AbortController>()
  const send = (message: FromEngine): void => void process.send!(message)

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

  const handlers: EngineApi = {
    load: (request, job) => asJob(job, (signal) => core.load(request, (progress) => send({ kind: 'progress', job, progress }), signal)),
    generate: (request, job) =>
      asJob(job, async (signal) => {
        const result = await core.generate(request, (event) => send({ kind: 'event', job, event }), signal)
        // One after the other, so that only one is waiting to be read.
        for (const part of result.captured ? capturedParts(result.captured) : []) await new Promise((sent) => process.send!({ kind: 'captured', job, part } satisfies FromEngine, undefined, undefined, sent))
        return { ...result, captured: null }
      }),
    read: (request, job) => asJob(job, (signal) => core.read(request, (event) => send({ kind: 'event', job, event }), signal)),
    inspect: (request, job) => asJob(job, (signal) => core.inspect(request, signal)),
    memory: () => core.memory(),
  }

  process.on('message', (message: ToEngine) => {
    if (message.kind === 'cancel') jobs.get(message.job)?.abort()
    else void answer<EngineApi>(handlers, message.call, (reply) => send({ kind: 'reply', reply }))
  })
  // Nobody is left to compute for.
  process.once('disconnect', () => process.exit())
  // Ctrl-C reaches every process of a terminal; whoever started this one decides what it means.
  process.on('SIGINT', () => {})
}
