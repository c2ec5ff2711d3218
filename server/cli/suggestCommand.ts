// `promptscope suggest`: runs a prompt, looks for a fault in what comes out, and ranks the features to suppress.
import { relative } from 'node:path'
import { proposeSuppressions, trySuppressionsTogether } from '../features/proposeSuppressions'
import { renderEdit, renderFeature } from '../formats/editLine'
import { InputError } from '../protocol/errors'
import type { SuppressionProposal } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import { mostActive, type Edit } from '../protocol/values'
import { detectFaults, type Fault } from '../runs/detectors'
import { mergeRunSettings, type RunSettings } from '../runs/runSettings'
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
    const { run } = await runPrompt(open, prompt, settings, { top: mostActive(open.model.sae), alternatives: 0, capture: null }, source.name, context)
    const fault = detectFaults(run)[0] ?? null
    const progress = (fraction: number): void => terminal.progress(`trying candidates: ${Math.round(fraction * 100)} %`)
    const { engine, labels, tokenizer } = open
    const request = { edits: settings.edits, count, k: mostActive(open.model.sae), labels, engine, tokenText: (id: number) => tokenizer.display(id), onProgress: progress, signal }
    const proposals = fault ? await proposeSuppressions({ ...request, faulty: [{ run, fault }] }) : []
    // Two features that say the same thing do less than the sum, two that stand in for each other do more.
    const together = fault && proposals.length > 1 ? await trySuppressionsTogether({ ...request, faulty: [{ run, fault }] }, proposals.map(({ feature }) => feature)) : null
    terminal.progress('')
    if (options.has('json')) terminal.out(`${JSON.stringify(toDocument(run, fault, proposals, together))}\n`)
    else terminal.out(renderSuggestions({ run, fault, proposals, together, retry: (edits) => retryLine(args, settings, edits) }, terminal))
  } finally {
    await open.engine.dispose()
  }
}

type Effect = Pick<SuppressionProposal, 'faultDrop' | 'sideEffect'>

function toDocument(run: RunRecord, fault: Fault | null, proposals: readonly SuppressionProposal[], together: Effect | null): unknown {
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
    together,
  }
}

/** A fault that becomes less likely by a smaller share is hardly touched, and is said to be. */
const WEAK_EFFECT = 0.05

export interface Suggestions {
  readonly run: RunRecord
  readonly fault: Fault | null
  readonly proposals: readonly SuppressionProposal[]
  /** What suppressing all proposals at once does; null for fewer than two. */
  readonly together: Effect | null
  /** The command that runs the prompt again with edit lines. */
  readonly retry: (edits: readonly string[]) => string
}

/** The completion, what to suppress, how much that would do, and what to try next. */
export function renderSuggestions({ run, fault, proposals, together, retry }: Suggestions, terminal: Terminal): string {
  const { color } = terminal
  const lines = [renderCompletion('Completion', run, terminal)]
  if (!fault) lines.push('No switch of script and no loop was found in this completion.')
  else if (proposals.length === 0) lines.push('Suppressing none of the features that fire there makes the fault less likely.')
  else {
    lines.push(color.bold('Features to suppress'), color.dim(`  ${fit('feature', 12)} ${fit('there', 8)} ${fit('elsewhere', 10)} ${fit('fault less likely', 18)} ${fit('other tokens change', 20)} label`))
    for (const { feature, meanOn, meanOff, faultDrop, sideEffect, description } of proposals)
      lines.push(`  ${color.cyan(fit(renderFeature(feature), 12))} ${fit(meanOn.toPrecision(3), 8)} ${fit(meanOff.toPrecision(3), 10)} ${fit(`by ${inPercent(shareLessLikely({ faultDrop, sideEffect }))}`, 18)} ${fit(`by ${inPercent(Math.expm1(sideEffect))}`, 20)} ${color.dim(description.label ?? '')}`.trimEnd())
    lines.push('', ...renderVerdict(proposals, together))
    const best = [...proposals].sort((a, b) => b.faultDrop - a.faultDrop)[0]!
    const areBetterTogether = together !== null && together.faultDrop > best.faultDrop
    const isWeak = shareLessLikely(areBetterTogether ? together : best) < WEAK_EFFECT
    if (isWeak) lines.push(color.dim("  More of them together (--top 32) or '*= -3' in place of '= 0' go further; a fault as sure as this one may lie in the prompt itself."))
    else lines.push('Try', `  ${retry((areBetterTogether ? proposals : [best]).map(suppressionLine))}`, color.dim("  Where that is too weak, more features (--top 32) or '*= -3' in place of '= 0' go further."))
  }
  return `${lines.join('\n')}\n`
}

/** Honest about a weak effect, and about what several do together. */
function renderVerdict(proposals: readonly SuppressionProposal[], together: Effect | null): string[] {
  const best = Math.max(...proposals.map(shareLessLikely))
  const single = best < WEAK_EFFECT ? `No single feature makes the fault clearly less likely: the best of them by ${inPercent(best)}.` : null
  if (!together) return single === null ? [] : [single]
  const all = proposals.length === 2 ? 'Both' : `All ${proposals.length}`
  const share = shareLessLikely(together)
  if (single === null && share <= best) return [`${all} together do less than the best alone: suppress that one only.`]
  const effect = share < WEAK_EFFECT ? `${all} together hardly touch it either (${share < 0 ? 'not less likely at all' : inPercent(share)}).` : `${all} together make it ${inPercent(share)} less likely and change the other tokens by ${inPercent(Math.expm1(together.sideEffect))}.`
  return single === null ? [effect] : [single, effect]
}

function shareLessLikely({ faultDrop }: Effect): number {
  return 1 - Math.exp(-faultDrop)
}

/** The same command as `trace` with the edits, ready to be pasted. */
function retryLine(args: readonly string[], settings: RunSettings, edits: readonly string[]): string {
  const kept = args.filter((arg, index) => arg !== '--json' && !/^--top(=|$)/.test(arg) && args[index - 1] !== '--top')
  const length = kept.some((arg) => /^--generate(=|$)/.test(arg)) ? [] : ['--generate', String(settings.generate)]
  const script = process.argv[1] ?? 'promptscope'
  const program = script.endsWith('.js') ? ['node', relative(process.cwd(), script)] : ['promptscope']
  return [...program, 'trace', ...kept, ...length, ...edits.flatMap((edit) => ['--edit', edit])].map(shellWord).join(' ')
}

/** As a shell reads it: in single quotes unless it is plain. */
function shellWord(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function inPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function suppressionLine({ feature }: SuppressionProposal): string {
  return renderEdit({ feature, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } } satisfies Edit)
}
