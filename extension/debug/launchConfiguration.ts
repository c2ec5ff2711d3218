// Turns a launch configuration, or F5 without one, into what the debug adapter is started with; says what to do where there is nothing to debug.
import * as vscode from 'vscode'
import { Command, DEBUG_TYPE, Language } from '../contributions'
import { offer } from '../problems'
import { runIdOfDocument } from '../runDocuments'
import { resolveFolder, resolveModel } from '../settings'
import type { WorkerState } from '../workerState'
import { completeLaunch, isPlainPromptPath, resolvePaths, type Launch, type OpenPrompt } from './launchDefaults'

/** Configurations that VS Code offers without launch.json. */
const OFFERED: readonly Launch[] = [
  { type: DEBUG_TYPE, request: 'launch', name: 'Debug this prompt', program: '${file}' },
  { type: DEBUG_TYPE, request: 'launch', name: 'Step through this prompt', program: '${file}', stopOnEntry: true },
]

export function registerLaunchConfiguration(state: WorkerState): vscode.Disposable {
  const provider: vscode.DebugConfigurationProvider = {
    resolveDebugConfiguration: (_folder, configuration) => {
      const completed = completeLaunch(configuration, openPrompt(state), DEBUG_TYPE)
      if (completed.kind === 'launch') return completed.launch
      sayNothingToDebug(completed)
      return undefined
    },
    resolveDebugConfigurationWithSubstitutedVariables: async (_folder, configuration) => {
      const launch = resolvePaths(configuration, resolveFolder, resolveModel)
      if (typeof launch['program'] === 'string') await saveFile(launch['program'])
      return launch
    },
  }
  const offers: vscode.DebugConfigurationProvider = { provideDebugConfigurations: () => [...OFFERED] }
  return vscode.Disposable.from(
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, provider),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, offers, vscode.DebugConfigurationProviderTriggerKind.Dynamic),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, offers, vscode.DebugConfigurationProviderTriggerKind.Initial),
  )
}

/** The prompt in the active editor, or that of its run; else a prompt that is in sight. */
function openPrompt(state: WorkerState): OpenPrompt | null {
  const active = vscode.window.activeTextEditor?.document
  const isOurs = (document: vscode.TextDocument): boolean => runIdOfDocument(document.uri) !== null || isPrompt(document, state)
  const document = active && isOurs(active) ? active : vscode.window.visibleTextEditors.map((editor) => editor.document).find(isOurs)
  return document ? promptOf(state, document.uri) : null
}

/** What a document means: itself, or the prompt of a run document. */
export function promptOf(state: WorkerState, uri: vscode.Uri): OpenPrompt {
  const runId = runIdOfDocument(uri)
  if (runId === null) return promptAt(uri)
  const run = state.run(runId)
  return run?.promptUri ? promptAt(vscode.Uri.parse(run.promptUri)) : { kind: 'noFile', name: run?.name ?? 'This run' }
}

/** Whether a document is a prompt: by its language, its name, its folder, or because it was run once. */
export function isPrompt({ languageId, uri }: vscode.TextDocument, state: WorkerState): boolean {
  if (languageId === Language.prompt || uri.path.endsWith('.prompt.md')) return true
  return (languageId === 'plaintext' || languageId === 'markdown') && (uri.scheme === 'untitled' || isPlainPromptPath(uri.path) || state.lastRunOf(uri.toString()) !== undefined)
}

function promptAt(uri: vscode.Uri): OpenPrompt {
  return uri.scheme === 'file' ? { kind: 'file', path: uri.fsPath } : { kind: 'unsaved', uri: uri.toString() }
}

/** Says why there is nothing to debug, with the one way out. */
export function sayNothingToDebug(problem: { readonly kind: 'nothingOpen' } | { readonly kind: 'unsaved' } | { readonly kind: 'noFile'; readonly name: string }): void {
  switch (problem.kind) {
    case 'nothingOpen':
      return offer(vscode.window.showInformationMessage('Open a prompt file to debug it.', 'Open a Sample Prompt'), { title: 'Open a Sample Prompt', command: Command.openSamplePrompt })
    case 'unsaved':
      // Given as a bare text, the prompt would lose its roles and settings.
      return offer(vscode.window.showErrorMessage('This prompt is in no file yet. Save it, then it can be debugged.', 'Save…'), { title: 'Save…', command: 'workbench.action.files.saveAs' })
    case 'noFile':
      return offer(vscode.window.showErrorMessage(`${problem.name} came from a text without a file. Give the text to a launch configuration to debug it.`, 'Open launch.json'), { title: 'Open launch.json', command: 'workbench.action.debug.configure' })
  }
}

/** The debugger reads the file from disk, and its places must be those that the editor shows. */
async function saveFile(path: string): Promise<void> {
  if (vscode.workspace.getConfiguration('debug').get('saveBeforeStart') === 'none') return
  const { fsPath } = vscode.Uri.file(path)
  await vscode.workspace.textDocuments.find((document) => document.isDirty && document.uri.scheme === 'file' && document.uri.fsPath === fsPath)?.save()
}
