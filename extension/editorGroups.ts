// Where things open: the answer beside its prompt; what needs width, the difference of two answers and the Scope panel, below both.
import * as vscode from 'vscode'
import { SCOPE_PANEL } from './contributions'
import { runIdOfDocument } from './runDocuments'

interface EditorLayout {
  readonly orientation: 0 | 1
  readonly groups: readonly { readonly groups?: readonly unknown[] }[]
}

// Prompts are short; what is compared or looked at gets the larger part.
const TOP_SHARE = 0.42

/** The group for a run document: one that shows an answer already, else beside the active one. */
export function answerColumn(): vscode.ViewColumn {
  const { all, activeTabGroup: active } = vscode.window.tabGroups
  if (active.tabs.some(isAnswer)) return active.viewColumn
  const group = all.find((candidate) => candidate.tabs.some(isAnswer)) ?? all.find((candidate) => candidate !== active && !candidate.tabs.some(isWide))
  if (group) return group.viewColumn
  return active.tabs.length === 0 ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside
}

/** The group for the difference of two answers: a wide one, unless that would cover the Scope panel. */
export async function comparisonColumn(): Promise<vscode.ViewColumn> {
  const panelIsSeen = vscode.window.tabGroups.all.some(({ activeTab }) => activeTab !== undefined && isPanel(activeTab))
  return panelIsSeen ? answerColumn() : wideColumn()
}

/** The group for something wide: the one that holds such already, else a new one below two groups that stand side by side. */
export async function wideColumn(): Promise<vscode.ViewColumn> {
  const { all, activeTabGroup: active } = vscode.window.tabGroups
  const group = all.find((candidate) => candidate.tabs.some(isWide))
  if (group) return group.viewColumn
  const layout = await vscode.commands.executeCommand<EditorLayout | undefined>('vscode.getEditorLayout')
  const areTwoColumns = layout?.orientation === 0 && layout.groups.length === 2 && layout.groups.every(({ groups }) => groups === undefined)
  if (areTwoColumns) {
    await vscode.commands.executeCommand('vscode.setEditorLayout', {
      orientation: 1,
      groups: [{ groups: [{ size: 0.5 }, { size: 0.5 }], size: TOP_SHARE }, { size: 1 - TOP_SHARE }],
    })
    return vscode.ViewColumn.Three
  }
  return active.tabs.some(isAnswer) || active.tabs.length === 0 ? active.viewColumn : vscode.ViewColumn.Beside
}

/** Closes every tab that shows a run, alone or in a comparison. */
export async function closeRunTabs(runId: string): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap(({ tabs: open }) => open.filter((tab) => answerUris(tab).some((uri) => runIdOfDocument(uri) === runId)))
  if (tabs.length > 0) await vscode.window.tabGroups.close(tabs, true)
}

function isAnswer({ input }: vscode.Tab): boolean {
  return input instanceof vscode.TabInputText && runIdOfDocument(input.uri) !== null
}

function isWide(tab: vscode.Tab): boolean {
  return isPanel(tab) || (tab.input instanceof vscode.TabInputTextDiff && answerUris(tab).some((uri) => runIdOfDocument(uri) !== null))
}

function isPanel({ input }: vscode.Tab): boolean {
  // The editor puts its own prefix before a panel's type.
  return input instanceof vscode.TabInputWebview && input.viewType.endsWith(SCOPE_PANEL)
}

function answerUris({ input }: vscode.Tab): readonly vscode.Uri[] {
  if (input instanceof vscode.TabInputText) return [input.uri]
  if (input instanceof vscode.TabInputTextDiff) return [input.original, input.modified]
  return []
}
