// Memory of a new process that loads the model with one SAE layer and runs it; and what it still holds after the model was unloaded.
import type { Precision } from '../../server/protocol/values'
import type { Setting } from './measure'
import { median } from './median'
import { processMemory, type ProcessMemory } from './processMemory'
import { amount, gigabytes, type Row, type Target } from './row'

const PEAK_BYTES: Readonly<Record<Precision, Target | null>> = { q8: { atMost: 2.9e9 }, q4: null, exact: null }

export async function measureMemory({ contestants, options, precision, prompts }: Setting): Promise<readonly Row[]> {
  const { files } = contestants
  const { sae } = options.shape
  const layer = sae.layers[sae.layers.length >> 1]!
  const peaks: number[] = []
  const befores: number[] = []
  const afters: number[] = []
  for (let round = 0; round < Math.min(options.repeats, ROUNDS); round++) {
    const engine = contestants.freshEngine()
    const held = (): ProcessMemory => processMemory(engine.pid) ?? refuse()
    await engine.ask({ job: 'start' })
    befores.push(held().now)
    await engine.ask({ job: 'open', model: files.model, sae: files.sae, precision, threads: options.threads, top: sae.k })
    await engine.ask({ job: 'loop', ids: prompts.next(128), steps: options.steps, layer })
    peaks.push(held().peak)
    await engine.ask({ job: 'unload' })
    afters.push(held().now)
    await engine.close()
  }
  return [
    amount({ part: 'memory', what: `${precision} peak memory with one SAE layer`, values: peaks, text: gigabytes, target: PEAK_BYTES[precision] }),
    amount({ part: 'memory', what: `${precision} memory after unloading`, values: afters, text: gigabytes, theirs: `before loading ${gigabytes(median(befores))}` }),
  ]
}

/** Memory varies little; more would only cost time. */
const ROUNDS = 3

function refuse(): never {
  throw new Error('memory of processes is read on Linux only')
}
