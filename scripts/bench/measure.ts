// Runs the parts that were asked for, precision by precision, and then what is measured in new processes.
import { InputError } from '../../server/protocol/errors'
import type { Precision } from '../../server/protocol/values'
import type { BenchOptions, Part } from './benchOptions'
import { weightBytes } from './bytesPerToken'
import type { Contestants } from './contestants'
import { measureActivation } from './measureActivation'
import { measureDecode } from './measureDecode'
import { measureLayers } from './measureLayers'
import { measureLoop } from './measureLoop'
import { measureMemory } from './measureMemory'
import { measurePrefill } from './measurePrefill'
import { measureRerun } from './measureRerun'
import { measureStart } from './measureStart'
import { freshPrompts, type FreshPrompts } from './freshPrompts'
import { msText, type Row } from './row'
import { lineText } from './table'

/** What a part measures with. */
export interface Setting {
  readonly contestants: Contestants
  readonly options: BenchOptions
  /** The one that our engine has loaded, for the parts that use it. */
  readonly precision: Precision
  /** Bytes of the weights that a step reads. */
  readonly weights: number
  readonly prompts: FreshPrompts
}

export interface Measured {
  readonly rows: readonly Row[]
  /** What was left out, and why. */
  readonly notes: readonly string[]
}

type Measure = (setting: Setting) => Promise<readonly Row[]>

const WITH_LOADED_MODEL: Partial<Record<Part, Measure>> = { decode: measureDecode, prefill: measurePrefill, layers: measureLayers, rerun: measureRerun }
const IN_NEW_PROCESSES: Partial<Record<Part, Measure>> = { start: measureStart, memory: measureMemory, loop: measureLoop, activation: measureActivation }

export async function measure(contestants: Contestants, options: BenchOptions, say: (line: string) => void): Promise<Measured> {
  const rows: Row[] = []
  const notes: string[] = []
  const { ours } = contestants
  const prompts = freshPrompts(options.shape.model.vocabSize)
  const run = async (part: Part, work: Measure, setting: Setting): Promise<void> => {
    say(`${part} (${setting.precision})`)
    try {
      const found = await work(setting)
      for (const each of found) say(`  ${lineText(each)}`)
      rows.push(...found)
    } catch (error) {
      // One part that cannot be measured must not take an hour of others with it.
      notes.push(`${part} at ${setting.precision} was not measured: ${(error as Error).message}`)
    }
  }
  for (const precision of options.precisions) {
    const withModel = options.parts.filter((part) => part in WITH_LOADED_MODEL)
    const inNew = options.parts.filter((part) => part in IN_NEW_PROCESSES && part !== 'activation')
    if (withModel.length + inNew.length === 0) break
    try {
      // Also writes the quantised weights, which the first use of a precision waits for and no measurement here.
      const model = await ours.load(precision)
      say(`${precision} loaded in ${msText(model.loadMs)}`)
      const setting = { contestants, options, precision, weights: weightBytes(model), prompts }
      for (const part of withModel) await run(part, WITH_LOADED_MODEL[part]!, setting)
      await ours.engine.unload()
      await contestants.rest()
      for (const part of inNew) await run(part, IN_NEW_PROCESSES[part]!, setting)
    } catch (error) {
      if (!(error instanceof InputError) && (error as Error).name !== 'InputError') throw error
      notes.push(`${precision} was not measured: ${(error as Error).message}`)
    }
  }
  if (options.parts.includes('activation')) await run('activation', measureActivation, { contestants, options, precision: 'q8', weights: 0, prompts })
  return { rows, notes }
}
