// Opens the model that a command is to run: finds it and its SAE set, starts the engine, reads tokenizer and labels.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checkpoint } from '../checkpoint/checkpoint'
import { locateModel } from '../checkpoint/locateModel'
import { memoryNow } from '../checkpoint/machine'
import { openCheckpoint } from '../checkpoint/openCheckpoint'
import { openPromptModel } from '../checkpoint/openPromptModel'
import { choosePrecision } from '../checkpoint/precisionFit'
import type { Engine, LoadedModel } from '../engine/engine'
import { createEngineProcess } from '../engine/process/engineProcess'
import { LABELS_FILE, parseFeatureLabels, type FeatureLabels } from '../features/describe'
import { byteText } from '../formats/byteText'
import { InputError } from '../protocol/errors'
import type { Precision, Progress } from '../protocol/values'
import type { PromptModel } from '../runs/preparePrompt'
import { createQuantisedStore } from '../worker/quantisedStore'
import { BARE_TOKENIZER } from './bareTokenizer'
import { cacheLimitBytes } from './cacheLimit'
import type { CommandContext } from './commandContext'
import { demoFolders, ENGINE_ENTRY } from './installation'
import type { ModelChoice, PromptSource } from './runOptions'
import type { Terminal } from './terminal'
import { showUsageNotice } from './usageNotice'

export interface OpenModel extends PromptModel {
  /** Must be disposed of. */
  readonly engine: Engine
  readonly model: LoadedModel
  readonly labels: FeatureLabels
}

/** Who is told, besides the terminal, how loading goes on and that the engine has ended by itself. */
export interface ModelListener {
  onProgress?(progress: Progress): void
  onDeath?(reason: Error): void
}

/** Loads the chosen model with progress on stderr. A prompt of token ids needs no tokenizer. */
export async function openModel(choice: ModelChoice, promptKind: PromptSource['kind'], context: CommandContext, listener: ModelListener = {}): Promise<OpenModel> {
  const { terminal, signal } = context
  const limitBytes = cacheLimitBytes()
  const location = await locateModel({ model: choice.model ?? '', sae: choice.sae ?? '' }, demoFolders())
  // Reads headers only, so that a damaged checkpoint is named at once, before anything is started.
  const checkpoint = await openCheckpoint(location.modelPath)
  const precision = choice.precision === 'auto' ? await automaticPrecision(checkpoint, terminal) : choice.precision
  if (location.note !== null) terminal.note(`promptscope: ${location.note}`)
  const promptModel = await readPromptModel(location.modelPath, promptKind, context)
  const labels = location.saePath === null ? new Map() : await readLabels(location.saePath, context)
  const engine = createEngineProcess(ENGINE_ENTRY, (reason) => listener.onDeath?.(reason))
  const onProgress = (progress: Progress): void => {
    terminal.progress(progress.fraction === null ? progress.message : `${progress.message} ${Math.round(progress.fraction * 100)} %`)
    listener.onProgress?.(progress)
  }
  try {
    const request = { modelPath: location.modelPath, saePath: location.saePath, precision, providers: choice.providers, threads: null }
    const model = await engine.load(request, onProgress, signal)
    terminal.progress('')
    if (model.weightsCache?.written && limitBytes !== null) await createQuantisedStore().trim(limitBytes, model.weightsCache.folder)
    await showUsageNotice(model.sae && model.saeOrigin && { path: model.sae.path, ...model.saeOrigin }, terminal)
    // Of a set that was found, the note above says it.
    if (location.note === null && model.pairing?.kind === 'transfer') terminal.note(`promptscope: SAE set ${location.saePath} was ${model.pairing.note}`)
    if (precision === 'q4' && model.sae) terminal.note('promptscope: at precision q4 features are approximate; promptscope precision --precision q4 measures how much')
    for (const fallback of model.fallbacks) terminal.note(`promptscope: ${fallback}`)
    return { ...promptModel, contextLength: checkpoint.config.contextLength, engine, model, labels }
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

async function automaticPrecision(checkpoint: Checkpoint, terminal: Terminal): Promise<Precision> {
  const { availableBytes } = await memoryNow()
  const precision = choosePrecision(checkpoint, availableBytes)
  terminal.note(`promptscope: precision auto takes ${precision}, with ${byteText(availableBytes)} of memory free`)
  return precision
}

async function readPromptModel(modelPath: string, promptKind: PromptSource['kind'], { terminal }: CommandContext): Promise<PromptModel> {
  try {
    return await openPromptModel(modelPath)
  } catch (error) {
    if (promptKind !== 'tokenIds' || !(error instanceof InputError)) throw error
    terminal.note(`promptscope: ${error.message}, so tokens are shown by their ids`)
    return { tokenizer: BARE_TOKENIZER, chatTemplate: null }
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
