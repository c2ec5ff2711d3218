// The Pins & edits view: what changes the model in the next run and where it fired in the last one, and the features kept in view.
import * as vscode from 'vscode'
import { InputError } from '../../server/protocol/errors'
import { featureHeat, type EditEntry, type RunSummary } from '../../server/protocol/requests'
import type { FeatureDescription, FeatureId } from '../../server/protocol/values'
import { Command, RowKind, View } from '../contributions'
import { featureName } from '../featureName'
import type { Worker } from '../serverProcess'
import { activationText, countOf } from '../wording'
import type { WorkerState } from '../workerState'
import { registeredView, type RegisteredView } from './registeredView'

export type EditsRow =
  | { readonly kind: 'group'; readonly group: 'edits' | 'pins' }
  | { readonly kind: 'edit'; readonly entry: EditEntry }
  | { readonly kind: 'pin'; readonly feature: FeatureId }

/** Registers the view. Its checkboxes switch edits on and off through the command toggleEdit. */
export function registerPinsAndEditsView(worker: Worker, state: WorkerState): RegisteredView {
  const changed = new vscode.EventEmitter<void>()
  const provider: vscode.TreeDataProvider<EditsRow> = {
    onDidChangeTreeData: changed.event,
    getChildren: (row) => childRows(state, row),
    getTreeItem: async (row) => {
      if (row.kind === 'group') return groupItem(state, row.group)
      const feature = row.kind === 'edit' ? row.entry.feature : row.feature
      const [description] = await state.describe([feature]).catch(() => [])
      const lastRun = state.runs.find(({ status }) => status.kind !== 'running')
      return row.kind === 'edit' ? editItem(row.entry, description, lastRun) : pinItem(row.feature, description, await lastActivation(worker, lastRun, row.feature))
    },
  }
  const view = vscode.window.createTreeView(View.edits, { treeDataProvider: provider, manageCheckboxStateManually: true, showCollapseAll: false })
  view.onDidChangeCheckboxState(({ items }) => {
    for (const [row, checkbox] of items) {
      if (row.kind === 'edit') void vscode.commands.executeCommand(Command.toggleEdit, row, checkbox === vscode.TreeItemCheckboxState.Checked)
    }
  })
  state.onDidChangeEdits((edits) => {
    const active = edits.edits.filter(({ enabled }) => enabled).length
    view.badge = active > 0 ? { value: active, tooltip: `${countOf(active, 'edit')} active` } : undefined
    changed.fire()
  })
  state.onDidChangeRun(({ run }) => {
    if (run.status.kind !== 'running') changed.fire()
  })
  state.onDidReload(() => changed.fire())
  state.onDidReadLayers(() => changed.fire())
  return registeredView(view, provider)
}

function childRows(state: WorkerState, row: EditsRow | undefined): EditsRow[] {
  const { edits, pins } = state.edits
  if (!row) {
    if (edits.length + pins.length === 0) return []
    return [{ kind: 'group', group: 'edits' }, { kind: 'group', group: 'pins' }]
  }
  if (row.kind !== 'group') return []
  return row.group === 'edits' ? edits.map((entry) => ({ kind: 'edit', entry })) : pins.map((feature) => ({ kind: 'pin', feature }))
}

function groupItem(state: WorkerState, group: 'edits' | 'pins'): vscode.TreeItem {
  const count = state.edits[group].length
  const item = new vscode.TreeItem(group === 'edits' ? 'Edits' : 'Pins', count > 0 ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None)
  // A group that gets its first row is a new one to the tree, so that it opens.
  item.id = `${group}${count > 0 ? '' : ' empty'}`
  item.description = count > 0 ? `${count}` : group === 'edits' ? 'none: suppress a feature in a token’s hover' : 'none: pin a feature in a token’s hover'
  item.accessibilityInformation = { label: `${group === 'edits' ? 'Edits' : 'Pins'}, ${count > 0 ? count : 'none'}` }
  return item
}

function editItem(entry: EditEntry, description: FeatureDescription | undefined, lastRun: RunSummary | undefined): vscode.TreeItem {
  const item = new vscode.TreeItem(entry.line)
  const fired = firedText(entry, lastRun)
  item.id = `edit ${entry.id}`
  item.contextValue = RowKind.edit
  item.checkboxState = {
    state: entry.enabled ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked,
    tooltip: entry.enabled ? 'Switch this edit off' : 'Switch this edit on',
    accessibilityInformation: { label: `Edit ${entry.line} is ${entry.enabled ? 'on' : 'off'}` },
  }
  item.description = [fired, description?.label].filter(Boolean).join(' · ')
  item.tooltip = featureTooltip(entry.line, description, fired)
  item.accessibilityInformation = { label: `Edit ${entry.line}, ${entry.enabled ? 'on' : 'off'}, ${description?.label ?? 'no label'}, ${fired}` }
  return item
}

function pinItem(feature: FeatureId, description: FeatureDescription | undefined, last: string): vscode.TreeItem {
  const name = featureName(feature)
  const item = new vscode.TreeItem(name)
  item.id = `pin ${name}`
  item.contextValue = RowKind.pin
  item.iconPath = new vscode.ThemeIcon('pinned')
  item.description = [last, description?.label].filter(Boolean).join(' · ')
  item.tooltip = featureTooltip(name, description, last)
  item.command = { command: Command.showFeature, title: 'Show Heat', arguments: [{ kind: 'pin', feature }] }
  item.accessibilityInformation = { label: `Pinned feature ${name}, ${description?.label ?? 'no label'}, ${last}` }
  return item
}

/** Where an edit changed the model in the last run that had it: an edit that never fired says so. */
function firedText(entry: EditEntry, lastRun: RunSummary | undefined): string {
  if (!entry.enabled) return 'off'
  const report = lastRun?.edits.find(({ edit }) => edit === entry.line)
  if (!report) return 'not run yet'
  return report.firedAt.length === 0 ? 'never fired in the last run' : `fired on ${countOf(report.firedAt.length, 'token')}`
}

/** The most that a feature reached in the last run, in words. */
async function lastActivation(worker: Worker, lastRun: RunSummary | undefined, feature: FeatureId): Promise<string> {
  if (!lastRun) return 'not run yet'
  const heat = await worker.request(featureHeat, { runId: lastRun.id, feature }).catch((error: unknown) => (error instanceof InputError ? error : null))
  if (!heat) return ''
  // There is no other bad input here.
  if (heat instanceof InputError) return `layer ${feature.layer} was not read in the last run`
  if (heat.max <= 0) return 'did not fire in the last run'
  return `${activationText(heat.max)} at token ${heat.activations.indexOf(heat.max)}`
}

function featureTooltip(title: string, description: FeatureDescription | undefined, state: string): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString()
  tooltip.appendCodeblock(title, 'text')
  const lines = [description?.label ?? 'no label', state]
  if (description?.typicalActivation != null) lines.push(`usually ${activationText(description.typicalActivation)} when it fires`)
  if (description?.density != null) lines.push(`fires on ${(100 * description.density).toPrecision(2)} % of tokens`)
  tooltip.appendText(lines.filter(Boolean).join('\n'))
  if (description && description.tokens.length > 0) tooltip.appendText(`\nmost on: ${description.tokens.slice(0, 8).map((token) => JSON.stringify(token)).join(' ')}`)
  return tooltip
}
