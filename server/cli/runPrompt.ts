// Runs a prompt with an opened model and records it: what `trace` and `suggest` have in common.
import type { GenerateResult } from '../engine/engine'
import type { RunRecord } from '../protocol/runRecord'
import { preparePrompt, prepareText, prepareTokenIds, type PreparedPrompt } from '../runs/preparePrompt'
import { createRunRecorder } from '../runs/runDetail'
import { buildGenerateRequest, type RunExtent, type RunSettings } from '../runs/runSettings'
import type { ReconstructionErrors } from '../runs/saeFit'
import type { CommandContext } from './commandContext'
import type { OpenModel } from './openModel'
import { readPromptText, type PromptSource } from './runOptions'

/** Prepares the prompt for the model; problems of a prompt file that can still be run go to stderr. */
export function preparePromptSource(source: PromptSource, text: string, open: Pick<OpenModel, 'tokenizer' | 'chatTemplate' | 'contextLength'>, { terminal }: CommandContext): PreparedPrompt {
  if (source.kind === 'tokenIds') return prepareTokenIds(source.tokenIds, open.tokenizer)
  if (source.kind === 'text') return prepareText(text, open, source.mode)
  const prompt = preparePrompt({ fileName: source.path, text, promptModel: open, mode: source.mode })
  for (const { severity, message, remedy } of prompt.problems) terminal.note(`promptscope: ${severity}: ${message}; ${remedy}`)
  return prompt
}

/** The text that the prompt is made of; token ids have none. */
export async function readPromptSourceText(source: PromptSource, signal: AbortSignal): Promise<string> {
  if (source.kind === 'file') return readPromptText(source, signal)
  return source.kind === 'text' ? source.text : ''
}

/** One run, what was captured for a dump, and what was measured. */
export interface FinishedRun {
  readonly run: RunRecord
  readonly captured: GenerateResult['captured']
  /** By layer that was asked for, of each token. */
  readonly reconstruction: ReconstructionErrors
}

export async function runPrompt(open: OpenModel, prompt: PreparedPrompt, settings: RunSettings, extent: RunExtent, name: string, { terminal, signal }: CommandContext): Promise<FinishedRun> {
  const { engine, model } = open
  const request = buildGenerateRequest(settings, prompt.ids, model, extent)
  const header = {
    id: name, name, promptUri: null, createdAt: new Date().toISOString(), model: model.identity, sae: model.sae, sampling: settings.sampling,
    generate: settings.generate, edits: settings.edits, layers: request.layers, saeLayers: model.saeLayers, parentRunId: null, loadMs: model.loadMs,
  }
  const recorder = createRunRecorder(header, prompt, open.tokenizer)
  const reconstruction: Record<number, number[]> = Object.fromEntries((extent.reconstructionLayers ?? []).map((layer) => [layer, []]))
  const result = await engine.generate(
    request,
    (event) => {
      if (event.kind === 'tokens') {
        recorder.add(event.tokens)
        for (const { reconstructionError = {} } of event.tokens) for (const [layer, error] of Object.entries(reconstructionError)) reconstruction[Number(layer)]!.push(error)
      }
      if (event.kind === 'predictions') recorder.addPredictions(event.first, event.predictions)
      const summary = recorder.summary()
      terminal.progress(event.kind === 'prefill' ? `reading ${event.done} of ${event.total} tokens` : `generated ${summary.generatedTokens} of at most ${settings.generate} tokens`)
    },
    signal,
  )
  terminal.progress('')
  recorder.end({ kind: 'done', reason: result.reason }, result)
  return { run: recorder.detail(), captured: result.captured, reconstruction }
}
