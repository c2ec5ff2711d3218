// The extension as the tests inside VS Code use it: started, asked, and waited for by its events.
import assert from 'node:assert/strict'
import * as vscode from 'vscode'
import type { TestApi } from '../../extension/testApi'
import { parseRunUri } from '../../server/protocol/runUri'

/** The activated extension's API for tests. */
export async function activate(): Promise<TestApi> {
  const extension = vscode.extensions.getExtension<TestApi>('promptscope.promptscope')
  assert.ok(extension, 'the extension is not installed')
  return extension.activate()
}

/** A file of the workspace, shown in the first column. */
export async function showFile(path: string): Promise<vscode.TextDocument> {
  const [folder] = vscode.workspace.workspaceFolders ?? []
  assert.ok(folder, 'no folder is open')
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder.uri, path))
  await vscode.window.showTextDocument(document, vscode.ViewColumn.One)
  return document
}

/** The text of every hover at an offset. */
export async function hoverText(document: vscode.TextDocument, offset: number): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, document.positionAt(offset))
  return hovers.flatMap(({ contents }) => contents.map((content) => (content instanceof vscode.MarkdownString ? content.value : typeof content === 'string' ? content : content.value))).join('\n')
}

export async function lensTitles(document: vscode.TextDocument): Promise<string[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 100)
  return lenses.flatMap(({ command }) => (command ? [command.title] : []))
}

/** Follows the link of this name in a hover, as a click would. */
export async function followLink(hover: string, name: string): Promise<void> {
  const link = new RegExp(String.raw`\[${name}\]\(command:([\w.]+)\?([^\s)]+)`).exec(hover)
  assert.ok(link?.[1] && link[2], `the hover has no link ${name}: ${hover}`)
  await vscode.commands.executeCommand(link[1], ...(JSON.parse(decodeURIComponent(link[2])) as unknown[]))
}

/** Ids of the runs whose documents are open in tabs, alone or as a side of a diff. */
export function shownRuns(): { readonly alone: string[]; readonly compared: (readonly [string, string])[] } {
  const inputs = vscode.window.tabGroups.all.flatMap((group) => group.tabs.map(({ input }) => input))
  const id = (uri: vscode.Uri): string[] => { const run = parseRunUri(uri.toString()); return run === null ? [] : [run] }
  return {
    alone: inputs.flatMap((input) => (input instanceof vscode.TabInputText ? id(input.uri) : [])),
    compared: inputs.flatMap((input) => {
      if (!(input instanceof vscode.TabInputTextDiff)) return []
      const [original, modified] = [...id(input.original), ...id(input.modified)]
      return original !== undefined && modified !== undefined ? [[original, modified] as const] : []
    }),
  }
}

/** Answers with what `look` finds, looking again whenever an event says that something may have changed. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  return new Promise((done, fail) => {
    const subscriptions: vscode.Disposable[] = []
    const end = (finish: () => void): void => {
      clearTimeout(timer)
      subscriptions.forEach((subscription) => void subscription.dispose())
      finish()
    }
    const timer = setTimeout(() => end(() => fail(new Error(`did not happen: ${what}`))), 30_000)
    const lookAgain = (): void => {
      Promise.resolve(look()).then((found) => { if (found !== undefined) end(() => done(found)) }, (error: Error) => end(() => fail(error)))
    }
    subscriptions.push(
      vscode.workspace.onDidChangeTextDocument(lookAgain),
      vscode.workspace.onDidOpenTextDocument(lookAgain),
      vscode.window.tabGroups.onDidChangeTabs(lookAgain),
      vscode.window.onDidChangeVisibleTextEditors(lookAgain),
      vscode.languages.onDidChangeDiagnostics(lookAgain),
    )
    lookAgain()
  })
}
