// Opens what a debug launch names for the command line: model and prompt as `trace` finds them, an engine of its own, and no records.
import { basename, resolve } from 'node:path'
import type { LaunchArguments } from '../debug/launchArguments'
import type { BranchRecord, DebuggedProgram, ProgramOpener } from '../debug/program'
import { describeFeature } from '../features/describe'
import { InputError } from '../protocol/errors'
import type { Progress } from '../protocol/values'
import { mergeRunSettings, resolveLayers } from '../runs/runSettings'
import { checkProgram } from '../worker/checkProgram'
import { debuggedEngine } from '../worker/debuggedEngine'
import { readLaunchChoices, readLaunchPins } from '../worker/launchChoices'
import { programFiles } from '../worker/programFiles'
import type { CommandContext } from './commandContext'
import { withFrontMatterModel } from './frontMatterModel'
import { openModel, type OpenModel } from './openModel'
import { preparePromptSource, readPromptSourceText } from './runPrompt'
import type { ModelChoice, PromptSource } from './runOptions'

/** Most tokens of a completion when neither the launch nor the prompt file says. */
const DEFAULT_GENERATE = 64

const NOT_KEPT: BranchRecord = { runId: null, uri: null, add() {}, cut() {}, change() {}, rest: () => Promise.resolve() }

/** The model that was opened last stays loaded until another is asked for, so that a restart takes no time. */
interface Held {
  readonly key: string
  readonly open: OpenModel
  readonly lost: AbortSignal
}

/** `close` lets the engine go. One program is open at a time. */
export function createDapProgramOpener({ terminal, signal: interrupted }: CommandContext): { readonly opener: ProgramOpener; close(): Promise<void> } {
  let held: Held | null = null

  async function close(): Promise<void> {
    const old = held
    held = null
    await old?.open.engine.dispose()
  }

  async function hold(choice: ModelChoice, source: PromptSource, onProgress: (progress: Progress) => void, context: CommandContext): Promise<Held> {
    // Token ids can do without the tokenizer that a text needs.
    const key = JSON.stringify([choice, source.kind === 'tokenIds'])
    if (held?.key === key && !held.lost.aborted) return held
    await close()
    const lost = new AbortController()
    const open = await openModel(choice, source.kind, context, { onProgress, onDeath: (reason) => lost.abort(reason) })
    return (held = { key, open, lost: lost.signal })
  }

  async function open(launch: LaunchArguments, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<DebuggedProgram> {
    const context = { terminal, signal: AbortSignal.any([signal, interrupted]) }
    const source = promptSourceOf(launch)
    const choices = await readLaunchChoices(launch)
    const launchPins = readLaunchPins(launch)
    const text = await readPromptSourceText(source, context.signal)
    const asked = { model: launch.model, sae: launch.sae, precision: launch.precision ?? 'exact', providers: ['cpu'] } as const
    const { open: model, lost } = await hold(await withFrontMatterModel(asked, source, text, context), source, onProgress, context)
    const prompt = preparePromptSource(source, text, model, context)
    const merged = mergeRunSettings({ generate: DEFAULT_GENERATE }, prompt.choices, choices)
    const settings = { ...merged, layers: resolveLayers(merged.layers, model.model) }
    checkProgram(settings, prompt.ids, model.model)
    return {
      engine: debuggedEngine(model.engine, lost),
      model: model.model,
      tokenizer: model.tokenizer,
      prompt,
      settings,
      lost,
      file: source.kind === 'file' ? { path: source.path, text } : null,
      pins: () => launchPins,
      describe: (feature) => describeFeature(model.labels, feature),
      files: () => programFiles(model.model),
      openRecord: () => NOT_KEPT,
      close: () => Promise.resolve(),
    }
  }

  return { opener: { open }, close }
}

function promptSourceOf({ program, text, tokenIds }: LaunchArguments): PromptSource {
  if (program !== null) return { kind: 'file', path: resolve(program), name: basename(program), mode: 'auto' }
  if (tokenIds !== null) return { kind: 'tokenIds', tokenIds, name: 'token ids' }
  if (text !== null) return { kind: 'text', text, name: 'text', mode: 'raw' }
  throw new InputError('launch names no prompt', 'give program, text or tokenIds')
}
