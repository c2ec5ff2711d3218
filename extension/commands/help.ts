// The commands that help: the log, diagnostics for a report, the walkthrough, sample prompts.
import * as vscode from 'vscode'
import { WALKTHROUGH } from '../contributions'
import type { Worker } from '../serverProcess'
import { readSettings } from '../settings'
import type { WorkerState } from '../workerState'

const SAMPLE_FILES = /\.(prompt|prompty|txt|md)$/

export function createHelpCommands(context: vscode.ExtensionContext, worker: Worker, state: WorkerState, log: vscode.LogOutputChannel) {
  let walkthroughOpened = false

  return {
    showLog: () => log.show(),
    copyDiagnostics: async () => {
      await vscode.env.clipboard.writeText(diagnosticsText(context, worker, state))
      void vscode.window.showInformationMessage('Diagnostics are on the clipboard. They hold versions, settings and the model’s state, no prompts.')
    },
    openWalkthrough: async () => {
      await vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH, false)
      if (walkthroughOpened) return
      walkthroughOpened = true
      // VS Code may register extensions' walkthroughs only when its welcome page is first made, and then shows its own instead.
      await vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH, false)
    },
    openSamplePrompt: async (name?: unknown) => {
      const folder = await sampleFolder(context)
      const files = (await vscode.workspace.fs.readDirectory(folder)).map(([file]) => file).filter((file) => SAMPLE_FILES.test(file)).sort()
      const known = typeof name === 'string' ? files.find((file) => file === name) : undefined
      const file = known ?? (await pickSample(folder, files))
      if (file !== undefined) await vscode.window.showTextDocument(vscode.Uri.joinPath(folder, file), { preview: false })
    },
  }
}

/** The samples of the open workspace when it has them, so that they can be changed, else those that came with the extension. */
async function sampleFolder(context: vscode.ExtensionContext): Promise<vscode.Uri> {
  const candidates = (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) => [uri, vscode.Uri.joinPath(uri, 'prompts'), vscode.Uri.joinPath(uri, 'demo', 'prompts')])
  for (const folder of candidates) {
    const files = await vscode.workspace.fs.readDirectory(folder).then((entries) => entries, () => [])
    if (files.some(([file]) => file.endsWith('.prompt'))) return folder
  }
  return vscode.Uri.joinPath(context.extensionUri, 'demo', 'prompts')
}

/** Lets the user pick a sample; each says in its first comment or description what it is for. */
async function pickSample(folder: vscode.Uri, files: readonly string[]): Promise<string | undefined> {
  const items = await Promise.all(
    files.map(async (file) => {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, file)))
      const description = /^description: *(.+)$/m.exec(text)?.[1]?.replace(/^["']|["']$/g, '') ?? text.replace(/\s+/g, ' ').slice(0, 60)
      return { label: file, description }
    }),
  )
  return (await vscode.window.showQuickPick(items, { title: 'Sample Prompts', matchOnDescription: true }))?.label
}

function diagnosticsText(context: vscode.ExtensionContext, worker: Worker, state: WorkerState): string {
  const { version } = context.extension.packageJSON as { readonly version: string }
  const facts = {
    promptscope: version,
    vscode: vscode.version,
    host: `${vscode.env.appName}, ${vscode.env.appHost}${vscode.env.remoteName ? `, remote ${vscode.env.remoteName}` : ''}`,
    system: `${process.platform} ${process.arch}, node ${process.version}`,
    worker: worker.status,
    model: state.model,
    runs: state.runs.length,
    edits: state.edits.edits.map(({ line, enabled }) => (enabled ? line : `# ${line}`)),
    settings: readSettings(),
  }
  return JSON.stringify(facts, null, 2)
}
