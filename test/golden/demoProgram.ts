// The demo model, or any other that is loaded, as a program to debug that is recorded nowhere.
import { join } from 'node:path'
import { openPromptModel } from '../../server/checkpoint/openPromptModel'
import type { BranchRecord, DebuggedEngine, DebuggedProgram } from '../../server/debug/program'
import type { Engine, LoadedModel } from '../../server/engine/engine'
import { prepareText } from '../../server/runs/preparePrompt'
import type { RunSettings } from '../../server/runs/runSettings'
import { loadGolden } from './engineHarness'

const DEMO = join(import.meta.dirname, '../../demo')
const NOT_KEPT: BranchRecord = { runId: null, uri: null, add() {}, cut() {}, change() {}, rest: () => Promise.resolve() }

export function loadDemo(engine: Engine): Promise<LoadedModel> {
  return loadGolden(engine, { modelPath: join(DEMO, 'model'), saePath: join(DEMO, 'sae') })
}

/** A text, fed as it is; `engine` must have the demo model loaded, or be a wrapper of one that has. */
export async function demoProgram(engine: DebuggedEngine, model: LoadedModel, text: string, settings: Omit<RunSettings, 'layers' | 'stopIds'>): Promise<DebuggedProgram> {
  const promptModel = await openPromptModel(join(DEMO, 'model'))
  return unkeptProgram({ engine, model, tokenizer: promptModel.tokenizer, prompt: prepareText(text, promptModel, 'raw'), settings: { ...settings, layers: model.saeLayers, stopIds: [] } })
}

/** A program without a file, whose branches are recorded nowhere. */
export function unkeptProgram(program: Pick<DebuggedProgram, 'engine' | 'model' | 'tokenizer' | 'prompt' | 'settings'>): DebuggedProgram {
  return {
    ...program,
    lost: new AbortController().signal, file: null, pins: () => [], files: () => Promise.resolve([]), openRecord: () => NOT_KEPT, close: () => Promise.resolve(),
    describe: (feature) => ({ feature, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null }),
  }
}
