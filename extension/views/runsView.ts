// The Runs view: every kept run, grouped by prompt file, re-runs below the run they came from.
import * as vscode from 'vscode'
import { inputErrorLine } from '../../server/protocol/errors'
import type { RunSummary } from '../../server/protocol/requests'
import { Command, RowKind, View } from '../contributions'
import type { DebugSessions } from '../debug/sessions'
import { baseName, countOf, escapeMarkdown, modelName } from '../wording'
import { sameUri, type WorkerState } from '../workerState'
import { registeredView, type RegisteredView } from './registeredView'

export type RunsRow =
  | { readonly kind: 'prompt'; readonly promptUri: string | null }
  | { readonly kind: 'run'; readonly run: RunSummary }

export function registerRunsView(state: WorkerState, sessions: DebugSessions): RegisteredView {
  const changed = new vscode.EventEmitter<void>()
  const provider: vscode.TreeDataProvider<RunsRow> = {
    onDidChangeTreeData: changed.event,
    getChildren: (row) => [...childRows(state.runs, row)],
    getTreeItem: (row) => (row.kind === 'prompt' ? promptItem(row.promptUri) : runItem(row.run, childRuns(state.runs, row.run).length > 0, sessions.branches.some(({ runId }) => runId === row.run.id))),
  }
  const view = vscode.window.createTreeView(View.runs, { treeDataProvider: provider, showCollapseAll: true })
  // A run that streams changes many times a second; its row need not.
  const drawn = new Map<string, string>()
  state.onDidChangeRun(({ run, deleted }) => {
    const look = deleted ? '' : `${run.name} ${run.status.kind} ${run.status.kind === 'running' ? Math.floor(run.generatedTokens / 8) : run.generatedTokens}`
    if (drawn.get(run.id) === look) return
    drawn.set(run.id, look)
    changed.fire()
  })
  state.onDidReload(() => changed.fire())
  sessions.onDidChangeBranches(() => changed.fire())
  return registeredView(view, provider)
}

/** Groups newest first; in a group the first runs, and below each its re-runs. */
export function childRows(runs: readonly RunSummary[], row: RunsRow | undefined): readonly RunsRow[] {
  if (!row) {
    const prompts: (string | null)[] = []
    for (const { promptUri } of runs) if (!prompts.some((known) => samePrompt(known, promptUri))) prompts.push(promptUri)
    return prompts.map((promptUri) => ({ kind: 'prompt', promptUri }))
  }
  if (row.kind === 'run') return childRuns(runs, row.run).map((run) => ({ kind: 'run', run }))
  const inGroup = runs.filter(({ promptUri }) => samePrompt(promptUri, row.promptUri))
  // A re-run whose original was deleted stands on its own.
  return inGroup.filter(({ parent }) => !parent || !runs.some(({ id }) => id === parent.runId)).map((run) => ({ kind: 'run', run }))
}

function childRuns(runs: readonly RunSummary[], { id }: RunSummary): readonly RunSummary[] {
  return runs.filter(({ parent }) => parent?.runId === id)
}

function samePrompt(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && sameUri(a, b))
}

function promptItem(promptUri: string | null): vscode.TreeItem {
  const uri = promptUri === null ? null : vscode.Uri.parse(promptUri)
  const item = new vscode.TreeItem(uri ? baseName(uri.path) : 'Text without a file', vscode.TreeItemCollapsibleState.Expanded)
  item.id = `prompt ${promptUri ?? ''}`
  item.contextValue = RowKind.prompt
  item.iconPath = new vscode.ThemeIcon('comment')
  if (uri) {
    const folder = vscode.workspace.asRelativePath(vscode.Uri.joinPath(uri, '..'))
    item.description = folder === baseName(uri.path) ? '' : folder
    item.tooltip = uri.scheme === 'file' ? uri.fsPath : uri.toString(true)
    item.resourceUri = uri
  }
  return item
}

function runItem(run: RunSummary, hasChildren: boolean, isDebugged: boolean): vscode.TreeItem {
  const item = new vscode.TreeItem(run.name, hasChildren ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None)
  const facts = runFacts(run, isDebugged)
  // A row that gets its first re-run is a new one to the tree, so that it opens.
  item.id = `run ${run.id}${hasChildren ? ' with re-runs' : ''}`
  item.contextValue = rowKind(run, isDebugged)
  item.iconPath = statusIcon(run)
  item.description = facts.join(' · ')
  item.tooltip = runTooltip(run, facts)
  item.command = { command: Command.openRun, title: 'Open Run', arguments: [run.id] }
  item.accessibilityInformation = { label: `Run ${run.name}, ${statusWords(run)}, ${facts.join(', ')}` }
  return item
}

function rowKind({ status, parent }: RunSummary, isDebugged: boolean): string {
  if (isDebugged) return parent ? RowKind.runDebuggedWithOriginal : RowKind.runDebugged
  if (status.kind === 'running') return RowKind.runRunning
  return parent ? RowKind.runWithOriginal : RowKind.run
}

function runFacts(run: RunSummary, isDebugged: boolean): string[] {
  const facts = [countOf(run.generatedTokens, 'token')]
  if (isDebugged) facts.push('in the debugger')
  if (run.edits.length > 0) facts.push(run.edits.length === 1 ? run.edits[0]!.edit : countOf(run.edits.length, 'edit'))
  if (run.timing.decodeMsPerToken > 0) facts.push(`${(1000 / run.timing.decodeMsPerToken).toFixed(0)} tokens/s`)
  return facts
}

function statusIcon(run: RunSummary): vscode.ThemeIcon {
  switch (run.status.kind) {
    case 'running':
      return new vscode.ThemeIcon('loading~spin')
    case 'paused':
      return new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('debugIcon.pauseForeground'))
    case 'done':
      return new vscode.ThemeIcon(run.parent ? 'git-compare' : 'pass', new vscode.ThemeColor('testing.iconPassed'))
    case 'cancelled':
      return new vscode.ThemeIcon('circle-slash')
    case 'failed':
      return new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed'))
  }
}

function statusWords({ status }: RunSummary): string {
  switch (status.kind) {
    case 'running':
      return 'running'
    case 'paused':
      return 'stopped in the debugger'
    case 'done':
      return status.reason === 'stop' ? 'done' : 'done, length reached'
    case 'cancelled':
      return 'cancelled'
    case 'failed':
      return `failed: ${inputErrorLine(status.message, status.remedy)}`
  }
}

function runTooltip(run: RunSummary, facts: readonly string[]): vscode.MarkdownString {
  const { model, sampling } = run
  const tooltip = new vscode.MarkdownString()
  tooltip.appendMarkdown(`**${escapeMarkdown(run.name)}** · ${escapeMarkdown(statusWords(run))}\n\n`)
  const lines = [
    escapeMarkdown(facts.join(' · ')),
    `${escapeMarkdown(modelName(model.path))} · ${model.precision} on ${model.provider}`,
    sampling.temperature === 0 ? 'greedy' : `temperature ${sampling.temperature} · top-p ${sampling.topP} · top-k ${sampling.topK} · seed ${sampling.seed}`,
    run.parent ? `computed anew from token ${run.parent.firstRecomputed}` : '',
    new Date(run.createdAt).toLocaleString(),
  ]
  tooltip.appendMarkdown(lines.filter(Boolean).join('\n\n'))
  for (const { edit, firedAt } of run.edits) tooltip.appendMarkdown(`\n- \`${edit}\` ${firedAt.length === 0 ? 'never fired' : `fired on ${countOf(firedAt.length, 'token')}`}`)
  if (run.preview.trim() !== '') {
    tooltip.appendMarkdown('\n\n---\n\n')
    tooltip.appendText(run.preview)
  }
  return tooltip
}
