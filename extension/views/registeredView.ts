// What registering a view gives back: the view to dispose of, and its rows as text for tests.
import type * as vscode from 'vscode'

export interface RegisteredView {
  readonly view: vscode.TreeView<unknown>
  /** The view's message, if it has one, then label and description of every row, children indented below their parents. */
  rows(): Promise<readonly string[]>
}

export function registeredView<Row>(view: vscode.TreeView<Row>, provider: vscode.TreeDataProvider<Row>): RegisteredView {
  return { view, rows: async () => [...(view.message ? [view.message] : []), ...(await rowsOf(provider, undefined, ''))] }
}

async function rowsOf<Row>(provider: vscode.TreeDataProvider<Row>, parent: Row | undefined, indent: string): Promise<string[]> {
  const rows: string[] = []
  for (const row of (await provider.getChildren(parent)) ?? []) {
    const { label, description } = await provider.getTreeItem(row)
    const text = typeof label === 'string' ? label : (label?.label ?? '')
    rows.push(`${indent}${text}${typeof description === 'string' && description !== '' ? ` | ${description}` : ''}`)
    rows.push(...(await rowsOf(provider, row, `${indent}  `)))
  }
  return rows
}
