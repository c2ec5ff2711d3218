// The actions above a prompt, a run document and a .steer file. Places are offsets; who has the document turns them into lines.
import {
  cancelRunCommand, debugPromptCommand, diffRunsCommand, importEditsCommand, openRunCommand, openScopeCommand, rerunCommand, runPromptCommand, suggestSuppressionsCommand,
  type EditorCommand,
} from '../protocol/editorCommands'
import { inputErrorLine } from '../protocol/errors'
import type { RunDetail, RunSummary } from '../protocol/requests'
import type { Fault } from '../runs/detectors'

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
  /** Edits that the next run is made with. */
  readonly activeEdits: number
  /** The name of the run that the last one waits for, or null. */
  readonly waitsFor: string | null
}

export function promptLenses({ uri, runs, currentRun, activeEdits, waitsFor }: PromptLensSubject): Lens[] {
  const last = currentRun ?? runs[0]
  const run = lens(0, activeEdits > 0 ? `▶ Run with ${count(activeEdits, 'edit')}` : '▶ Run', runPromptCommand, uri)
  const debug = lens(0, 'Debug', debugPromptCommand, uri)
  if (!last) return [run, debug]
  if (last.status.kind === 'running') return [lens(0, cancelWords(last, waitsFor), cancelRunCommand, last.id), lens(0, 'Open run', openRunCommand, last.id)]
  const facts = [statusWords(last), count(last.edits.length, 'edit'), currentRun ? null : 'of an older text', 'Open run'].filter((part) => part !== null)
  return [
    run,
    debug,
    lens(0, facts.join(' · '), openRunCommand, last.id),
    ...(currentRun ? [lens(0, 'Re-run', rerunCommand, last.id)] : []),
  ]
}

export interface RunLensSubject {
  readonly run: Pick<RunDetail, 'id' | 'status' | 'generatedStart' | 'parent' | 'generatedTokens' | 'edits' | 'timing'>
  readonly faults: readonly Fault[]
  /** Whether the run that it came from is still there. */
  readonly hasParent: boolean
  /** Edits that a re-run would be made with. */
  readonly activeEdits: number
  /** The name of the run that it waits for, or null. */
  readonly waitsFor: string | null
}

export function runLenses({ run, faults, hasParent, activeEdits, waitsFor }: RunLensSubject): Lens[] {
  const at = run.generatedStart
  if (run.status.kind === 'running') return [lens(at, cancelWords(run, waitsFor), cancelRunCommand, run.id)]
  // Actions first: a narrow editor cuts the line at its end.
  const status: Lens = { offset: at, title: [statusWords(run), speed(run)].filter((part) => part !== null).join(', '), command: null }
  // What is proposed is for the first fault; a second lens would do the same.
  const found = faults.slice(0, 1).map((fault) => lens(at, `⚠ ${faultWords(fault)}: suggest what to suppress`, suggestSuppressionsCommand, run.id))
  // Without edits, now and then, the same run would only repeat itself.
  const canDiffer = activeEdits > 0 || run.edits.length > 0
  const actions = [
    ...found,
    ...(canDiffer ? [lens(at, activeEdits > 0 ? 'Re-run with current edits' : 'Re-run without edits', rerunCommand, run.id)] : []),
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
    case 'paused': return `${tokens}, stopped in the debugger`
    case 'done': return status.reason === 'stop' ? tokens : `${tokens}, cut at the limit`
    case 'cancelled': return `${tokens}, cancelled`
    case 'failed': return `✕ ${inputErrorLine(status.message, status.remedy)}`
  }
}

function cancelWords({ generatedTokens }: Pick<RunSummary, 'generatedTokens'>, waitsFor: string | null): string {
  return `■ Cancel · ${waitsFor === null ? (count(generatedTokens, 'token') ?? 'reading the prompt') : `waits for ${waitsFor}`}`
}

function faultWords(fault: Fault): string {
  return fault.kind === 'loop' ? 'loops' : `switches to ${fault.script}`
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
