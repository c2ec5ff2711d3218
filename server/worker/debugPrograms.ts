// Opens what a debug launch names in the editor: the model that all runs share, the prompt as the editor has it, and branches that are runs.
import type { DebugToken } from '../debug/branch'
import type { LaunchArguments } from '../debug/launchArguments'
import type { BranchRecord, DebuggedEngine, DebuggedProgram, ProgramOpener, RecordStart } from '../debug/program'
import type { Engine } from '../engine/engine'
import { checkPromptSize } from '../formats/promptSize'
import { InputError } from '../protocol/errors'
import type { RunStatus, RunSummary } from '../protocol/requests'
import type { Edit, FeatureDescription, FeatureId, Progress } from '../protocol/values'
import type { RecordedToken } from '../runs/branchRecorder'
import { liveLayers } from '../runs/liveLayers'
import { prepareText, prepareTokenIds, type PreparedPrompt } from '../runs/preparePrompt'
import { mergeRunSettings, resolveLayers, type RunChoices, type RunSettings } from '../runs/runSettings'
import type { RunRecord } from '../protocol/runRecord'
import { checkProgram } from './checkProgram'
import { debuggedEngine } from './debuggedEngine'
import type { DebugRun, DebugRuns } from './debugRuns'
import { readLaunchChoices, readLaunchPins } from './launchChoices'
import type { ModelChoice, ModelService, ReadyModel } from './modelService'
import { readPromptPredictions } from './promptPredictions'
import { programFiles } from './programFiles'
import type { PromptReader } from './promptReader'
import { newRunId, nextRunName } from './runNames'

export interface DebugPrograms {
  readonly opener: ProgramOpener
  modelChanged(): void
  engineDied(reason: Error): void
  /** Releases the branches of programs that nobody closed. */
  close(): Promise<void>
}

export interface DebugProgramParts {
  /** Must let nothing go before these calls that can wait. */
  readonly engine: DebuggedEngine
  /** Gives way to all other work. */
  readonly readLater: Engine['read']
  readonly models: ModelService
  readonly debugRuns: DebugRuns
  listRuns(): readonly RunSummary[]
  activeEdits(): readonly Edit[]
  pins(): readonly FeatureId[]
  layersOnScreen(): readonly number[]
  /** Begins to read layers of a branch that stands still, for those who will look at it. */
  wantLayers(run: RunRecord, layers: readonly number[]): void
  /** A prompt file as the editor has it, or as it is on disk, and its address as the editor writes it. Throws InputError when it cannot be read. */
  readPrompt(path: string): Promise<{ readonly uri: string; readonly text: string }>
  readModelChoice(promptUri: string, text: string): Promise<ModelChoice>
  log(message: string): void
  describer(saePath: string | null): Promise<(feature: FeatureId) => FeatureDescription>
}

/** A program from its opening to its end. */
interface OpenProgram {
  readonly model: ReadyModel
  readonly lost: AbortController
  readonly branches: Set<DebugRun>
  /** Aborts when it is closed. */
  readonly over: AbortController
}

export function createDebugPrograms(parts: DebugProgramParts): DebugPrograms {
  const { models, debugRuns } = parts
  const programs = new Set<OpenProgram>()

  async function open(launch: LaunchArguments, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<DebuggedProgram> {
    const choices = await readLaunchChoices(launch)
    const launchPins = readLaunchPins(launch)
    const file = launch.program === null ? null : await parts.readPrompt(launch.program)
    if (file) checkPromptSize(file.text.length, `prompt file ${launch.program}`)
    const ofPrompt = file ? await parts.readModelChoice(file.uri, file.text) : {}
    const model = await models.load(signal, onProgress, { ...ofPrompt, ...modelChoiceOf(launch) })
    const { loaded, reader } = model
    const prompt = file ? reader.read(file.uri, file.text) : promptOf(launch, reader)
    const settings = settingsOf(parts, prompt.choices, choices, model)
    checkProgram(settings, prompt.ids, loaded)
    const describe = await parts.describer(loaded.sae?.path ?? null)
    const program: OpenProgram = { model, lost: new AbortController(), over: new AbortController(), branches: new Set() }
    programs.add(program)
    if (models.current() !== model) program.lost.abort(MODEL_CHANGED)
    let name = ''
    let forks = 1

    function openRecord(start: RecordStart): BranchRecord {
      const { parent, edits, sampling } = start
      if (parent === null) name = nextRunName(parts.listRuns(), file?.uri ?? null)
      const parentId = parent?.record.runId ?? null
      const run = debugRuns.open({
        id: newRunId(), name: parent === null ? name : `${name}.${++forks}`, promptUri: file?.uri ?? null, createdAt: new Date().toISOString(), model: loaded.identity, sae: loaded.sae, saeLayers: loaded.saeLayers,
        sampling, generate: settings.generate, edits, loadMs: loaded.loadMs, promptTokens: prompt.ids.length, renderedPrompt: prompt.renderedText,
        parent: parent && parentId !== null ? { runId: parentId, firstRecomputed: parent.position } : null,
      }, file?.text ?? null, (id) => reader.display(id))
      program.branches.add(run)
      let predicting: Promise<void> | null = null
      const onStanding = (): void => {
        parts.wantLayers(run.detail(), liveLayers(loaded, [...parts.layersOnScreen(), ...edits.map(({ feature }) => feature.layer)]))
        predicting ??= readPromptPredictions({ read: (...args) => parts.readLater(...args), alternatives: ALTERNATIVES, log: (message) => parts.log(message) }, run, program.over.signal).finally(() => (predicting = null))
      }
      return recordOf(run, start, reader, onStanding)
    }

    return {
      engine: debuggedEngine(parts.engine, program.lost.signal),
      model: loaded,
      tokenizer: reader.promptModel.tokenizer,
      prompt,
      settings,
      lost: program.lost.signal,
      file: file && launch.program !== null ? { path: launch.program, text: file.text } : null,
      pins: () => [...launchPins, ...parts.pins().filter((pin) => !launchPins.some(({ layer, feature }) => layer === pin.layer && feature === pin.feature))],
      describe,
      files: () => programFiles(loaded),
      openRecord,
      close: () => release(program),
    }
  }

  async function release(program: OpenProgram): Promise<void> {
    programs.delete(program)
    program.over.abort()
    await Promise.all([...program.branches].map((run) => debugRuns.release(run)))
  }

  return {
    opener: { open },
    modelChanged() {
      for (const { model, lost } of programs) if (models.current() !== model) lost.abort(MODEL_CHANGED)
    },
    engineDied(reason) {
      for (const { lost } of programs) lost.abort(reason)
    },
    close: async () => void (await Promise.all([...programs].map(release))),
  }
}

/** Kept per token of the prompt, as of a run. */
const ALTERNATIVES = 10

const MODEL_CHANGED = new InputError('model was changed under the debug session', 'start the session again')

/** A model's own SAE set goes with it. */
function modelChoiceOf({ model, sae, precision }: LaunchArguments): ModelChoice {
  return { ...(model !== null && { model, sae: '' }), ...(sae !== null && { sae }), ...(precision !== null && { precision }) }
}

function promptOf({ text, tokenIds }: LaunchArguments, { promptModel }: PromptReader): PreparedPrompt {
  if (tokenIds !== null) return prepareTokenIds(tokenIds, promptModel.tokenizer)
  if (text !== null) return prepareText(text, promptModel, 'raw')
  throw new InputError('launch names no prompt', 'give program, text or tokenIds')
}

/** As for any run of the editor, and the launch has the last word. */
function settingsOf(parts: DebugProgramParts, ofPrompt: RunChoices, ofLaunch: RunChoices, { loaded }: ReadyModel): RunSettings {
  const { generate, sampling, layers } = parts.models.settings()
  const settings = mergeRunSettings({ generate, ...sampling, layers, edits: parts.activeEdits() }, ofPrompt, ofLaunch)
  return { ...settings, layers: resolveLayers(settings.layers, loaded) }
}

function recordOf(run: DebugRun, start: RecordStart, reader: PromptReader, onStanding: () => void): BranchRecord {
  const recorded = (tokens: readonly DebugToken[]): RecordedToken[] => tokens.map((token) => recordedToken(token, reader))
  let runName = run.summary().name
  run.add(recorded(start.tokens))
  return {
    runId: run.id,
    uri: run.uri,
    add: (tokens) => run.add(recorded(tokens)),
    cut: (position) => run.cut(position),
    change(now) {
      // Until the user names it, it is called as runs are.
      if (now.name !== start.name) runName = now.name
      run.change({ ...now, name: runName })
    },
    async rest(state) {
      await run.rest(statusOf(state))
      if (state === 'paused' || state === 'length' || state === 'stop') onStanding()
    },
  }
}

function recordedToken({ index, id, text, display, range, promptRange, generated, prediction, fired }: DebugToken, reader: PromptReader): RecordedToken {
  const alternatives = prediction?.alternatives.map((candidate) => ({ id: candidate.id, text: reader.display(candidate.id), logprob: candidate.logprob })) ?? []
  return { index, id, text, display, range, promptRange, generated, logprob: prediction?.logprob ?? null, alternatives, fired }
}

function statusOf(state: Parameters<BranchRecord['rest']>[0]): RunStatus {
  if (state === 'paused' || state === 'cancelled') return { kind: state }
  if (state === 'length' || state === 'stop') return { kind: 'done', reason: state }
  return { kind: 'failed', message: state.message, remedy: state.remedy }
}
