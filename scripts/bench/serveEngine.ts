// Our engine in a process of its own, answering the lines of contestant.ts: for what can only be measured from a process's start, and for what it holds.
import { createEngineProcess } from '../../server/engine/process/engineProcess'
import type { Precision } from '../../server/protocol/values'
import { answerLines } from './answerLines'
import { held } from './benchEdits'
import { openOurs, type Ours } from './ours'

/** The layer's features over a prompt, then a completion of it with an edit. */
export interface LoopJob {
  readonly ids: readonly number[]
  readonly steps: number
  readonly layer: number
}

type Job =
  | { readonly job: 'start' }
  | { readonly job: 'open'; readonly model: string; readonly sae: string | null; readonly precision: Precision; readonly threads: number; readonly top: number }
  | ({ readonly job: 'loop' } & LoopJob)
  | { readonly job: 'unload' }

/** Until its input ends. */
export async function serveEngine(entryFile: string): Promise<void> {
  let ours: Ours | null = null
  await answerLines(async (job: Job) => {
    switch (job.job) {
      case 'start':
        return null
      case 'open': {
        const started = performance.now()
        ours = openOurs({ engine: createEngineProcess(entryFile), model: job.model, sae: job.sae, threads: job.threads, top: job.top })
        await ours.load(job.precision)
        return performance.now() - started
      }
      case 'loop':
        return loop(ours!, job)
      case 'unload':
        return void (await ours!.engine.unload())
    }
  })
}

/** Milliseconds. */
export async function loop(ours: Ours, { ids, steps, layer }: LoopJob): Promise<number> {
  const started = performance.now()
  await ours.run({ ids, steps: 0, layers: [layer] })
  await ours.run({ ids, steps, layers: [layer], edits: [held(layer, 'all')] })
  return performance.now() - started
}
