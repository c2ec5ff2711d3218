// Brings the document of a branch into sight beside its prompt, and waits until it shows the text in which the debugger stands.
import * as vscode from 'vscode'
import type { DebugBranch } from '../../server/protocol/debugRequests'
import { answerColumn } from '../editorGroups'
import { runIdOfDocument } from '../runDocuments'
import type { WorkerState } from '../workerState'
import { reaches, reachesInText, type FramePlace } from './frameBook'

// The text is a message away; if it does not come, to stop late is worse than to mark nothing.
const LONGEST_WAIT_MS = 2_000

/** Opens a branch's document where answers are shown; the focus stays where it is. */
export async function showBranch(branch: Pick<DebugBranch, 'uri'> | undefined, state: WorkerState): Promise<void> {
  const uri = branch?.uri ? vscode.Uri.parse(branch.uri, true) : null
  if (!uri || isShown(uri)) return
  const runId = runIdOfDocument(uri)
  // The run is told of through another channel than the branch and may come later.
  if (runId === null || !(await known(runId, state))) return
  await vscode.window.showTextDocument(uri, { viewColumn: answerColumn(), preserveFocus: true, preview: true })
}

/** Resolves when the run document holds the place and is in sight; at once for a place in a prompt file. */
export async function waitForText(place: FramePlace, state: WorkerState): Promise<void> {
  const uri = /^[a-z][\w+.-]+:/i.test(place.path) ? vscode.Uri.parse(place.path, true) : null
  const runId = uri && runIdOfDocument(uri)
  if (!uri || runId === null) return
  const isThere = async (): Promise<boolean> => {
    const document = openDocument(uri)
    if (document) return reaches(place, (line) => (line < document.lineCount ? document.lineAt(line).text.length : null))
    return reachesInText(place, (await state.runText(runId))?.text ?? '')
  }
  await until(isThere, state)
  if (!isShown(uri)) await showBranch({ uri: place.path }, state)
}

async function known(runId: string, state: WorkerState): Promise<boolean> {
  return until(async () => state.run(runId) !== undefined, state)
}

/** Looks again with every change of a run or a document; false when it took too long. */
async function until(look: () => Promise<boolean>, state: WorkerState): Promise<boolean> {
  if (await look()) return true
  return new Promise((resolve) => {
    const end = (found: boolean): void => {
      clearTimeout(timer)
      vscode.Disposable.from(...subscriptions).dispose()
      resolve(found)
    }
    const lookAgain = (): void => {
      look().then((found) => { if (found) end(true) }, () => end(false))
    }
    const timer = setTimeout(() => end(false), LONGEST_WAIT_MS)
    const subscriptions = [state.onDidChangeRun(lookAgain), vscode.workspace.onDidChangeTextDocument(lookAgain), vscode.workspace.onDidOpenTextDocument(lookAgain)]
    // What came between the first look and the subscriptions.
    lookAgain()
  })
}

function openDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString())
}

function isShown(uri: vscode.Uri): boolean {
  return vscode.window.visibleTextEditors.some(({ document }) => document.uri.toString() === uri.toString())
}
