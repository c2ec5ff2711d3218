// Proposes the words of the expression language while the condition of a breakpoint is written.
import * as vscode from 'vscode'
import { conditionWords } from '../../server/protocol/requests'
import { Language } from '../contributions'
import type { Worker } from '../serverProcess'

/** Registers the provider for prompts and run documents. */
export function registerConditionCompletion(worker: Worker): vscode.Disposable {
  return vscode.languages.registerCompletionItemProvider([{ language: Language.prompt }, { language: Language.run }], {
    async provideCompletionItems(document, position, token) {
      if (!isForCondition(document, position)) return []
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
}

/**
 * The box in which a condition or a log message is written asks the document's own providers, for the first column of the breakpoint's line and
 * whatever has been written; the place where somebody types in the document itself is always a cursor of an editor.
 */
function isForCondition(document: vscode.TextDocument, position: vscode.Position): boolean {
  if (position.character !== 0) return false
  return !vscode.window.visibleTextEditors.some((editor) => editor.document === document && editor.selections.some(({ active }) => active.isEqual(position)))
}
