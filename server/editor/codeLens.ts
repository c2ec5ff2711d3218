// The actions above a prompt, a run document and a .steer file. Places are offsets; who has the document turns them into lines.
import {
  cancelRunCommand, diffRunsCommand, importEditsCommand, openRunCommand, openScopeCommand, rerunCommand, runPromptCommand, suggestSuppressionsCommand,
  type EditorCommand,
} from '../protocol/editorCommands'
import { inputErrorLine } from '../protocol/errors'
import type { RunDetail, RunFault, RunSummary } from '../protocol/requests'

/** A line of text that runs a command; with a null command it only informs. */
export interface Lens {
  readonly offset: number
  readonly title: string
  readonly command: { readonly id: string; readonly args: readonly unknown[] } | null
}

export interface PromptLensSubject {
  readonly uri: string
  /** Of this file, newest first. */
  readonly runs: readonly RunSummary[]
  /** The newest run of the text as it stands, or null: then the runs are of an older text. */
  readonly currentRun: RunSummary | null
}

export function promptLenses({ uri, runs, currentRun }: PromptLensSubject): Lens[] {
  const last = currentRun ?? runs[0]
  if (!last) return [lens(0, '▶ Run', runPromptCommand, uri)]
  if (last.status.kind === 'running') return [lens(0, `■ Cancel · ${last.generatedTokens} tokens`, cancelRunCommand, last.id), lens(0, 'Open run', openRunCommand, last.id)]
  const facts = [statusWords(last), count(last.edits.length, 'edit'), currentRun ? null : 'of an older text', 'Open run'].filter((part) => part !== null)
  return [
    lens(0, '▶ Run', runPromptCommand, uri),
    lens(0, facts.join(' · '), openRunCommand, last.id),
    ...(currentRun ? [lens(0, 'Re-run', rerunCommand, last.id)] : []),
  ]
}

export interface RunLensSubject {
  readonly run: Pick<RunDetail, 'id' | 'status' | 'generatedStart' | 'parent' | 'generatedTokens' | 'edits' | 'timing'>
  readonly faults: readonly RunFault[]
  /** Whether the run that it came from is still there. */
  readonly hasParent: boolean
}

const FAULT_WORDS: Readonly<Record<RunFault['kind'], string>> = { loop: 'answer loops', languageSwitch: 'answer switches language' }

export function runLenses({ run, faults, hasParent }: RunLensSubject): Lens[] {
  const at = run.generatedStart
  if (run.status.kind === 'running') return [lens(at, `■ Cancel · ${count(run.generatedTokens, 'token') ?? 'reading the prompt'}`, cancelRunCommand, run.id)]
  // Actions first: a narrow editor cuts the line at its end.
  const status: Lens = { offset: at, title: [statusWords(run), speed(run)].filter((part) => part !== null).join(', '), command: null }
  const found = faults.map(({ kind }) => lens(at, `⚠ ${FAULT_WORDS[kind]}: suggest features to suppress`, suggestSuppressionsCommand, run.id))
  const actions = [
    lens(at, 'Re-run with current edits', rerunCommand, run.id),
    ...found,
    ...(run.parent && hasParent ? [lens(at, 'Diff with original', diffRunsCommand, run.parent.runId, run.id)] : []),
    lens(at, 'Open in Scope', openScopeCommand, { runId: run.id, tokenIndex: null }),
  ]
  const unfired = run.edits.filter(({ firedAt }) => firedAt.length === 0).map(({ edit }): Lens => ({ offset: at, title: `edit ${edit} never fired`, command: null }))
  return [...actions, status, ...unfired]
}

export interface SteerLensSubject {
  readonly uri: string
  readonly edits: number
  readonly problems: number
}

export function steerLenses({ uri, edits, problems }: SteerLensSubject): Lens[] {
  if (problems > 0) return [{ offset: 0, title: `${count(problems, 'line')} to mend before these edits can be used`, command: null }]
  if (edits === 0) return [{ offset: 0, title: 'write one edit per line, such as L3/120 = 0', command: null }]
  return [lens(0, edits === 1 ? 'Use this edit' : `Use these ${edits} edits`, importEditsCommand, uri)]
}

function statusWords({ status, generatedTokens }: Pick<RunSummary, 'status' | 'generatedTokens'>): string {
  const tokens = count(generatedTokens, 'token') ?? '0 tokens'
  switch (status.kind) {
    case 'running': return `running, ${tokens}`
    case 'done': return status.reason === 'stop' ? tokens : `${tokens}, cut at the limit`
    case 'cancelled': return `${tokens}, cancelled`
    case 'failed': return `✕ ${inputErrorLine(status.message, status.remedy)}`
  }
}

function speed({ timing }: Pick<RunSummary, 'timing'>): string | null {
  return timing.decodeMsPerToken > 0 ? `${(1000 / timing.decodeMsPerToken).toFixed(0)} tokens/s` : null
}

/** `2 edits`, or null for none. */
function count(number: number, noun: string): string | null {
  return number === 0 ? null : `${number} ${noun}${number === 1 ? '' : 's'}`
}

function lens<Args extends readonly unknown[]>(offset: number, title: string, command: EditorCommand<Args>, ...args: Args): Lens {
  return { offset, title, command: { id: command.id, args } }
}
