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

/** The group for a run document: one that shows an answer already, else beside the prompt, never over the Scope panel. */
export function answerColumn(): vscode.ViewColumn {
  const { all, activeTabGroup: active } = vscode.window.tabGroups
  if (active.tabs.some(isAnswer)) return active.viewColumn
  const group = all.find(({ tabs }) => tabs.some(isAnswer)) ?? all.find((candidate) => candidate !== active && !candidate.tabs.some(isWide))
  if (group) return group.viewColumn
  return active.tabs.length === 0 ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside
}

/** Whether an answer is open somewhere, so that another one can take its place. */
export function hasAnswerGroup(): boolean {
  return vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(isAnswer))
}

/** The group for the difference of two answers: over a lone answer, else a wide one, unless that would cover the Scope panel. */
export async function comparisonColumn(): Promise<vscode.ViewColumn> {
  const { all, activeTabGroup: active } = vscode.window.tabGroups
  const panelIsSeen = all.some(({ activeTab }) => activeTab !== undefined && isPanel(activeTab))
  if (panelIsSeen) return answerColumn()
  return all.length === 1 && active.tabs.some(isAnswer) ? active.viewColumn : wideColumn()
}

/** The group for something wide: the one that holds such already, else a new one below what is there. */
export async function wideColumn(): Promise<vscode.ViewColumn> {
  const { all, activeTabGroup: active } = vscode.window.tabGroups
  const group = all.find(({ tabs }) => tabs.some(isWide))
  if (group) return group.viewColumn
  if (all.length === 1 && active.tabs.length === 0) return active.viewColumn
  const layout = await vscode.commands.executeCommand<EditorLayout | undefined>('vscode.getEditorLayout')
  const isRow = layout !== undefined && layout.groups.length === all.length && all.length <= 2 && (layout.orientation === 0 || all.length === 1)
  // An arrangement of the user's own is left as it is.
  if (!isRow) return vscode.ViewColumn.Beside
  const top = all.length === 1 ? {} : { groups: all.map(() => ({ size: 1 / all.length })) }
  await vscode.commands.executeCommand('vscode.setEditorLayout', { orientation: 1, groups: [{ ...top, size: TOP_SHARE }, { size: 1 - TOP_SHARE }] })
  return all.length + 1
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
