// Opens the model that a command is to run: finds it and its SAE set, starts the engine, reads tokenizer and labels.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { locateModel } from '../checkpoint/locateModel'
import { openPromptModel, type PromptModel } from '../checkpoint/openPromptModel'
import type { Engine, LoadedModel } from '../engine/engine'
import { createThreadedEngine } from '../engine/engineThread'
import { LABELS_FILE, parseFeatureLabels, type FeatureLabels } from '../features/describe'
import { InputError } from '../protocol/errors'
import type { CommandContext } from './commandContext'
import { demoFolders, ENGINE_THREAD } from './installation'
import type { ModelChoice } from './runOptions'

export interface OpenModel extends PromptModel {
  /** Must be disposed of. */
  readonly engine: Engine
  readonly model: LoadedModel
  readonly labels: FeatureLabels
}

/** Loads the chosen model with progress on stderr. */
export async function openModel(choice: ModelChoice, context: CommandContext): Promise<OpenModel> {
  const { terminal, signal } = context
  const location = await locateModel({ model: choice.model ?? '', sae: choice.sae ?? '' }, demoFolders())
  if (location.note !== null) terminal.note(`promptscope: ${location.note}`)
  const promptModel = await openPromptModel(location.modelPath)
  const labels = location.saePath === null ? new Map() : await readLabels(location.saePath, context)
  const engine = createThreadedEngine(ENGINE_THREAD)
  try {
    const request = { modelPath: location.modelPath, saePath: location.saePath, precision: choice.precision, providers: choice.providers, threads: null }
    const model = await engine.load(request, ({ message, fraction }) => terminal.progress(fraction === null ? message : `${message} ${Math.round(fraction * 100)} %`), signal)
    terminal.progress('')
    for (const fallback of model.fallbacks) terminal.note(`promptscope: ${fallback}`)
    return { ...promptModel, engine, model, labels }
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

/** Labels are a convenience: without them features have numbers only. */
async function readLabels(saePath: string, { terminal }: CommandContext): Promise<FeatureLabels> {
  const file = join(saePath, LABELS_FILE)
  try {
    return parseFeatureLabels(await readFile(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof InputError) terminal.note(`promptscope: ${error.line}`)
    return new Map()
  }
}
