// Proposes the words of the expression language while the condition of a breakpoint is written.
import * as vscode from 'vscode'
import { conditionWords } from '../../server/protocol/requests'
import { Language } from '../contributions'
import type { Worker } from '../serverProcess'

/** Registers the provider for prompts and run documents. */
export function registerConditionCompletion(worker: Worker): vscode.Disposable {
  /** Where the editor itself, not a key or the mouse, last put the cursor: the box does so when it opens. */
  const placed = new WeakMap<vscode.TextDocument, vscode.Position>()
  const cursor = vscode.window.onDidChangeTextEditorSelection(({ textEditor, selections: [first], kind }) => {
    const isOwn = kind === vscode.TextEditorSelectionChangeKind.Keyboard || kind === vscode.TextEditorSelectionChangeKind.Mouse
    if (isOwn || !first) placed.delete(textEditor.document)
    else placed.set(textEditor.document, first.active)
  })
  const provider = vscode.languages.registerCompletionItemProvider([{ language: Language.prompt }, { language: Language.run }], {
    async provideCompletionItems(document, position, token) {
      if (!isForCondition(document, position, placed.get(document))) return []
      const words = await worker.request(conditionWords, null, token)
      return words.map(({ label, insert, isFeature, help }, order) => {
        const item = new vscode.CompletionItem(label, isFeature ? vscode.CompletionItemKind.Variable : insert.endsWith('(') ? vscode.CompletionItemKind.Function : vscode.CompletionItemKind.Value)
        item.insertText = insert
        item.detail = help
        item.sortText = String(order).padStart(3, '0')
        return item
      })
    },
  })
  return vscode.Disposable.from(cursor, provider)
}

/**
 * The box in which a condition or a log message is written asks the document's own providers, for the first column of the breakpoint's line and
 * whatever has been written. The place where somebody types in the document itself is a cursor that a key or the mouse has put there.
 */
function isForCondition(document: vscode.TextDocument, position: vscode.Position, placed: vscode.Position | undefined): boolean {
  if (position.character !== 0) return false
  return placed?.isEqual(position) === true || !vscode.window.visibleTextEditors.some((editor) => editor.document === document && editor.selections.some(({ active }) => active.isEqual(position)))
}
