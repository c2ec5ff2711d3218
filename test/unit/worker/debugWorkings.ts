// The worker's parts around a debug session, joined as the worker joins them, without an editor and with an engine that computes nothing.
import type { DebugToken } from '../../../server/debug/branch'
import type { LaunchArguments } from '../../../server/debug/launchArguments'
import type { BranchRecord, DebuggedProgram } from '../../../server/debug/program'
import type { RunSummary, WorkerSettings } from '../../../server/protocol/requests'
import { GREEDY, type Edit, type FeatureId } from '../../../server/protocol/values'
import { openTokenPlaces } from '../../../server/runs/tokenPlaces'
import { openRunStore, type RunStore } from '../../../server/store/runStore'
import { createDebugPrograms, type DebugPrograms } from '../../../server/worker/debugPrograms'
import { createDebugRuns } from '../../../server/worker/debugRuns'
import { createLayerService } from '../../../server/worker/layerService'
import type { RunChange } from '../../../server/worker/liveRecord'
import { createModelService, type ModelService } from '../../../server/worker/modelService'
import { createRunService, type RunService } from '../../../server/worker/runService'
import { withYieldingReads } from '../../../server/worker/yieldingReads'
import { createFakeEngine, fakePromptReader, type FakeEngine } from './fakeEngine'
import { SETTINGS } from './workerClient'

export interface DebugWorkings {
  readonly engine: FakeEngine
  readonly models: ModelService
  readonly store: RunStore
  readonly runs: RunService
  readonly programs: DebugPrograms
  readonly changes: RunChange[]
  /** Edits and pins of the editor's list. */
  readonly list: { edits: Edit[]; pins: FeatureId[] }
  /** Prompt files by path. */
  readonly files: Record<string, string>
  launch(launch: Partial<LaunchArguments>): Promise<DebuggedProgram>
  /** Resolves with the next news of a run that passes the test. */
  nextChange(test: (change: RunChange) => boolean): Promise<RunChange>
  /** Resolves when a layer of a run has been read. */
  layerRead(layer: number): Promise<void>
}

export const STORY = '/prompts/story.txt'

const LAUNCH: LaunchArguments = {
  program: null, text: null, tokenIds: null, model: null, sae: null, layers: null, precision: null, generate: null, temperature: null, topP: null, topK: null, seed: null, edits: [], steer: null, pins: [],
  stopOnEntry: false, stopAtEnd: false, noDebug: false,
}

export async function openDebugWorkings(folder: string | null, settings: Partial<WorkerSettings> = {}): Promise<DebugWorkings> {
  const engine = createFakeEngine()
  const yielding = withYieldingReads(engine, 1)
  const store = await openRunStore(folder, () => {})
  const changes: RunChange[] = []
  const waiting: { test: (change: RunChange) => boolean; resolve: (change: RunChange) => void }[] = []
  const waitingForLayers: { layer: number; resolve: () => void }[] = []
  const list: DebugWorkings['list'] = { edits: [], pins: [] }
  const files: Record<string, string> = { [STORY]: 'one two three' }
  const onChanged = (change: RunChange): void => {
    changes.push(change)
    for (const waiter of waiting.splice(0)) {
      if (waiter.test(change)) waiter.resolve(change)
      else waiting.push(waiter)
    }
  }
  const models = createModelService({
    engine: yielding,
    settings: { ...SETTINGS, ...settings },
    locate: async ({ model, sae }) => ({ modelPath: model, saePath: sae === '' ? null : sae }),
    choosePrecision: async () => 'q8',
    storedPrecision: async () => null,
    trimCache: async () => {},
    openReader: async () => fakePromptReader,
    onChanged: () => programs.modelChanged(),
    log: () => {},
  })
  const debugRuns = createDebugRuns({ store, onChanged, log: () => {} })
  const readModelChoice = async (_uri: string, text: string): Promise<{ model?: string }> => (text.startsWith('model=') ? { model: text.split(' ')[0]!.slice(6) } : {})
  const runs = createRunService({
    engine: yielding, models, store, debugged: debugRuns, activeEdits: () => list.edits, layersOnScreen: () => list.pins.map(({ layer }) => layer), readModelChoice, onChanged, log: () => {},
    onLayerRead(_runId, layer) {
      for (const waiter of waitingForLayers.splice(0)) {
        if (waiter.layer === layer) waiter.resolve()
        else waitingForLayers.push(waiter)
      }
    },
  })
  const layers = createLayerService({
    engine: yielding, models, endedRun: (id, signal) => runs.ended(id, signal), addLayer: (id, report, reading) => runs.addLayer(id, report, reading), readingOf: (run, wanted) => runs.readingOf(run, wanted), onReading: () => {}, log: () => {},
  })
  const programs = createDebugPrograms({
    engine: { generate: (...args) => yielding.generate(...args), read: (...args) => yielding.readAtOnce(...args), inspect: (...args) => yielding.inspect(...args) },
    readLater: (...args) => yielding.read(...args), log: () => {},
    models, debugRuns, listRuns: () => runs.list(), activeEdits: () => list.edits, pins: () => list.pins, layersOnScreen: () => list.pins.map(({ layer }) => layer),
    wantLayers: (run, wanted) => layers.want(run, wanted), readModelChoice,
    readPrompt: async (path) => ({ uri: `file://${path}`, text: files[path] ?? '' }),
    describer: async () => (feature) => ({ feature, label: 'a label', tokens: [], density: null, typicalActivation: null, maxActivation: null }),
  })
  return {
    engine, models, store, runs, programs, changes, list, files,
    launch: (launch) => programs.opener.open({ ...LAUNCH, ...(launch.text || launch.tokenIds ? {} : { program: STORY }), ...launch }, () => {}, new AbortController().signal),
    nextChange: (test) => new Promise((resolve) => waiting.push({ test, resolve })),
    layerRead: (layer) => new Promise((resolve) => waitingForLayers.push({ layer, resolve })),
  }
}

/** Tokens as the debuggee makes them: the prompt's, then `completion` by their ids. */
export function tokensOf({ prompt, tokenizer }: DebuggedProgram, completion: readonly number[], fired: Readonly<Record<number, readonly number[]>> = {}): DebugToken[] {
  const places = openTokenPlaces(prompt, tokenizer)
  return [...prompt.ids, ...completion].map((id, index): DebugToken => ({
    index, id, ...places.push(id), generated: index >= prompt.ids.length, fired: fired[index] ?? [],
    prediction: index < prompt.ids.length ? null : { logprob: -0.5, entropy: 1, rank: 1, alternatives: [{ id, logprob: -0.5 }] },
  }))
}

/** The record of a first branch that has gone over these tokens. */
export function openBranch(program: DebuggedProgram, tokens: readonly DebugToken[], edits: readonly Edit[] = []): BranchRecord {
  return program.openRecord({ name: 'main', parent: null, tokens, edits, sampling: GREEDY })
}

export function summaryOf(runs: Pick<RunService, 'list'>, { runId }: BranchRecord): RunSummary {
  return runs.list().find(({ id }) => id === runId)!
}
