// `promptscope trace`: runs a prompt and prints each token's probability and features, for people or as JSON.
import { InputError } from '../protocol/errors'
import { mostActive } from '../protocol/values'
import { mergeRunSettings, resolveLayers, type RunSettings } from '../runs/runSettings'
import { layerFits } from '../runs/saeFit'
import { buildTrace } from '../runs/trace'
import type { CommandContext } from './commandContext'
import { checkDumpFolder, writeDumpFile, type DumpTensor } from './dumpFile'
import { withFrontMatterModel } from './frontMatterModel'
import { openModel, type OpenModel } from './openModel'
import { readOptions } from './options'
import { renderBeforeAndAfter, renderCompletion, renderEdits, renderHeader, renderTokens } from './renderTrace'
import { renderSaeFit } from './renderSaeFit'
import { preparePromptSource, readPromptSourceText, runPrompt, type FinishedRun } from './runPrompt'
import { readModelChoice, readPromptSource, readRunChoices, RUN_OPTION_SPECS } from './runOptions'

const DEFAULT_TOP = 10
const ALTERNATIVES = 5

export async function runTraceCommand(args: readonly string[], context: CommandContext): Promise<void> {
  const options = readOptions(args, { ...RUN_OPTION_SPECS, dump: { type: 'string' }, reconstruction: { type: 'boolean' } })
  const source = readPromptSource(options)
  const choice = readModelChoice(options)
  const top = options.whole('top', 0) ?? DEFAULT_TOP
  const dumpPath = options.string('dump')
  const flags = await readRunChoices(options)
  // Everything that can be wrong without the model is found before the model is loaded.
  const text = await readPromptSourceText(source, context.signal)
  if (dumpPath !== null) await checkDumpFolder(dumpPath)

  const open = await openModel(await withFrontMatterModel(choice, source, text, context), source.kind, context)
  try {
    const prompt = preparePromptSource(source, text, open, context)
    const settings = mergeRunSettings(prompt.choices, flags)
    const dumpLayers = settings.layers.length > 0 ? settings.layers : Array.from({ length: open.model.identity.layers }, (_, layer) => layer)
    const capture = dumpPath === null ? null : { logits: true, residualLayers: dumpLayers }
    // What is ranked for people must see every active feature, as in the editor.
    const extent = { top: options.has('json') ? top : Math.max(top, mostActive(open.model.sae)), alternatives: ALTERNATIVES, capture, reconstructionLayers: options.has('reconstruction') ? resolveLayers(settings.layers, open.model) : [] }

    if (options.has('json')) {
      const finished = await runPrompt(open, prompt, settings, extent, source.name, context)
      if (dumpPath !== null) await writeDumpFile(dumpPath, dumpTensors(finished, open, dumpLayers))
      const measured = options.has('reconstruction') ? { reconstruction: finished.reconstruction } : {}
      context.terminal.out(`${JSON.stringify({ ...buildTrace(finished.run, top), ...measured })}\n`)
      return
    }
    const before = settings.edits.length > 0 && settings.generate > 0 ? await runPrompt(open, prompt, withoutEdits(settings), { ...extent, capture: null, reconstructionLayers: [] }, 'before', context) : null
    const finished = await runPrompt(open, prompt, settings, extent, source.name, context)
    if (dumpPath !== null) await writeDumpFile(dumpPath, dumpTensors(finished, open, dumpLayers))
    if (dumpPath !== null) context.terminal.note(`promptscope: wrote ${dumpPath}`)
    if (finished.run.tokens.length >= open.model.contextLength && finished.run.generatedTokens < settings.generate) context.terminal.note(`promptscope: the model's context of ${open.model.contextLength} tokens is full, so the completion ends there`)
    if (settings.generate === 0) context.terminal.note('promptscope: the prompt was read and nothing generated; add --generate 48 for a completion')
    printForPeople(finished, before, open, source.name, top, context)
  } finally {
    await open.engine.dispose()
  }
}

function printForPeople({ run, reconstruction }: FinishedRun, before: FinishedRun | null, open: OpenModel, promptName: string, top: number, { terminal }: CommandContext): void {
  const parts = [renderHeader(run, open.model, promptName, terminal), renderTokens(run, open.labels, top, terminal)]
  const fits = layerFits(reconstruction, (token) => run.tokens[token]?.outlier ?? false)
  if (fits.length > 0) parts.push(renderSaeFit(fits, terminal))
  if (run.edits.length > 0) parts.push(renderEdits(run.edits, terminal))
  if (run.generatedTokens > 0 || (before?.run.generatedTokens ?? 0) > 0) parts.push(before ? renderBeforeAndAfter(before.run, run, terminal) : renderCompletion('Completion', run, terminal))
  const { prefillMs, decodeMsPerToken } = run.timing
  const speed = decodeMsPerToken > 0 ? `, ${(1000 / decodeMsPerToken).toFixed(0)} tokens/s` : ''
  parts.push(terminal.color.dim(`prompt read in ${prefillMs.toFixed(0)} ms${speed}`))
  terminal.out(`${parts.join('\n')}\n`)
}

function withoutEdits(settings: RunSettings): RunSettings {
  return { ...settings, edits: [] }
}

/** `logits` (T, vocab) and `resid_post.N` (T, d_model), T = prompt + generated tokens. */
function dumpTensors({ run, captured }: FinishedRun, { model }: OpenModel, layers: readonly number[]): DumpTensor[] {
  if (!captured?.logits) throw new InputError('dump was asked for but the engine captured nothing', 'run again with --precision exact')
  const length = run.tokens.length
  return [
    { name: 'logits', shape: [length, model.vocabSize], values: captured.logits },
    ...layers.map((layer) => ({ name: `resid_post.${layer}`, shape: [length, model.identity.dModel], values: captured.residuals[layer]! })),
  ]
}
