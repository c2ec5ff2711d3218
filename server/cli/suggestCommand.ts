// `promptscope suggest`: runs a prompt, looks for a fault in what comes out, and ranks the features to suppress.
import { proposeSuppressions } from '../features/proposeSuppressions'
import { renderEdit, renderFeature } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import type { RunDetail, SuppressionProposal } from '../protocol/requests'
import type { Edit } from '../protocol/values'
import { detectFaults, type Fault } from '../runs/detectors'
import { mergeRunSettings } from '../runs/runSettings'
import type { CommandContext } from './commandContext'
import { withFrontMatterModel } from './frontMatterModel'
import { openModel } from './openModel'
import { readOptions } from './options'
import { renderCompletion } from './renderTrace'
import { preparePromptSource, readPromptSourceText, runPrompt } from './runPrompt'
import { readModelChoice, readPromptSource, readRunChoices, RUN_OPTION_SPECS } from './runOptions'
import { fit, type Terminal } from './terminal'

const DEFAULT_PROPOSALS = 5
const DEFAULT_GENERATE = 64

export async function runSuggestCommand(args: readonly string[], context: CommandContext): Promise<void> {
  const { terminal, signal } = context
  const options = readOptions(args, RUN_OPTION_SPECS)
  const source = readPromptSource(options)
  const count = options.whole('top', 1) ?? DEFAULT_PROPOSALS
  const choice = readModelChoice(options)
  const flags = await readRunChoices(options)
  const text = await readPromptSourceText(source, signal)

  const open = await openModel(await withFrontMatterModel(choice, source, text, context), source.kind, context)
  try {
    if (!open.model.sae) throw new InputError('suggestions need an SAE set, and this model has none', 'name one with --sae')
    const prompt = preparePromptSource(source, text, open, context)
    const settings = mergeRunSettings({ generate: DEFAULT_GENERATE }, prompt.choices, flags)
    const { run } = await runPrompt(open, prompt, settings, { top: open.model.sae.k, alternatives: 0, capture: null }, source.name, context)
    const fault = detectFaults(run)[0] ?? null
    const progress = (fraction: number): void => terminal.progress(`trying candidates: ${Math.round(fraction * 100)} %`)
    const { engine, labels, tokenizer } = open
    const request = { edits: settings.edits, count, k: open.model.sae.k, labels, engine, tokenText: (id: number) => tokenizer.display(id), onProgress: progress, signal }
    const proposals = fault ? await proposeSuppressions({ ...request, faulty: [{ run, fault }] }) : []
    terminal.progress('')
    if (options.has('json')) terminal.out(`${JSON.stringify(toDocument(run, fault, proposals))}\n`)
    else terminal.out(renderSuggestions(run, fault, proposals, terminal))
  } finally {
    await open.engine.dispose()
  }
}

function toDocument(run: RunDetail, fault: Fault | null, proposals: readonly SuppressionProposal[]): unknown {
  return {
    completion: run.text.slice(run.generatedStart),
    fault: fault && { kind: fault.kind, first: fault.first, last: fault.last, message: fault.message },
    proposals: proposals.map((proposal) => ({
      edit: suppressionLine(proposal),
      label: proposal.description.label,
      score: proposal.score,
      meanOn: proposal.meanOn,
      meanOff: proposal.meanOff,
      faultDrop: proposal.faultDrop,
      sideEffect: proposal.sideEffect,
    })),
  }
}

function renderSuggestions(run: RunDetail, fault: Fault | null, proposals: readonly SuppressionProposal[], terminal: Terminal): string {
  const { color } = terminal
  const lines = [renderCompletion('Completion', run, terminal)]
  if (!fault) lines.push('No switch of script and no loop was found in this completion.')
  else if (proposals.length === 0) lines.push('Suppressing none of the features that fire there makes the fault less likely.')
  else {
    lines.push(color.bold('Features to suppress'), color.dim(`  ${fit('feature', 12)} ${fit('there', 8)} ${fit('elsewhere', 10)} ${fit('fault less likely', 18)} ${fit('other tokens change', 20)} label`))
    for (const { feature, meanOn, meanOff, faultDrop, sideEffect, description } of proposals)
      lines.push(`  ${color.cyan(fit(renderFeature(feature), 12))} ${fit(meanOn.toPrecision(3), 8)} ${fit(meanOff.toPrecision(3), 10)} ${fit(`by ${inPercent(1 - Math.exp(-faultDrop))}`, 18)} ${fit(`by ${inPercent(Math.expm1(sideEffect))}`, 20)} ${color.dim(description.label ?? '')}`.trimEnd())
    lines.push('', 'Try', `  promptscope trace … ${proposals.map((proposal) => `--edit '${suppressionLine(proposal)}'`).join(' ')}`, color.dim("  Where that is too weak, more features (--top 32) or '*= -3' in place of '= 0' go further."))
  }
  return `${lines.join('\n')}\n`
}

function inPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function suppressionLine({ feature }: SuppressionProposal): string {
  return renderEdit({ feature, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } } satisfies Edit)
}
