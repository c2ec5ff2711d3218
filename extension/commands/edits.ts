// The commands about edits: write one, change, switch, remove, undo, and read or write .steer files.
import * as vscode from 'vscode'
import {
  addEdit, clearEdits, enableEdit, importEdits, removeEdit, undoEdits, type PinsAndEdits,
} from '../../server/protocol/requests'
import { Command, Language } from '../contributions'
import { featureName } from '../featureName'
import { offer, type ProblemAction } from '../problems'
import type { Worker } from '../serverProcess'
import { countOf } from '../wording'
import type { WorkerState } from '../workerState'
import { askEditLine } from './askEditLine'
import { editOf } from './targets'

const STEER_FILES = { 'Edits of Promptscope': ['steer'] }

export function createEditCommands(worker: Worker, state: WorkerState) {
  const accept = async (change: Promise<PinsAndEdits>): Promise<void> => state.acceptEdits(await change)

  return {
    addEditLine: async () => {
      const line = await askEditLine(worker, { title: 'Add an Edit', prompt: 'Feature, operation, and optionally the positions', value: '' })
      if (line !== undefined) await accept(worker.request(addEdit, { line }))
    },
    editFeatureStrength: async (arg?: unknown) => {
      const entry = await editOf(state, arg)
      if (!entry) return
      const [description] = await state.describe([entry.feature])
      const line = await askEditLine(worker, {
        title: `Change ${featureName(entry.feature)}${description?.label ? ` · ${description.label}` : ''}`,
        prompt: '= holds it at a value, += adds, *= multiplies',
        value: entry.line,
      })
      if (line === undefined || line === entry.line) return
      const next = await worker.request(addEdit, { line })
      // Adding replaces an edit of the same feature and positions; with other positions the old one would stay beside it.
      if (next.edits.some(({ id, line: known }) => id === entry.id && known === entry.line)) await accept(worker.request(removeEdit, { id: entry.id }))
      else state.acceptEdits(next)
    },
    toggleEdit: async (arg?: unknown, enabled?: unknown) => {
      const entry = await editOf(state, arg)
      if (entry) await accept(worker.request(enableEdit, { id: entry.id, enabled: typeof enabled === 'boolean' ? enabled : !entry.enabled }))
    },
    removeEdit: async (arg?: unknown) => {
      const entry = await editOf(state, arg)
      if (!entry) return
      await accept(worker.request(removeEdit, { id: entry.id }))
    },
    clearEdits: async () => {
      const { length } = state.edits.edits
      await accept(worker.request(clearEdits, null))
      if (length > 0) offer(vscode.window.showInformationMessage(`Removed ${countOf(length, 'edit')}.`, 'Undo'), { title: 'Undo', command: Command.undoEdit })
    },
    undoEdit: async () => {
      const { undo } = state.edits
      await accept(worker.request(undoEdits, null))
      void vscode.window.setStatusBarMessage(undo === null ? 'Nothing to undo' : `Undid: ${undo}`, 4_000)
    },
    importEdits: async (arg?: unknown) => {
      const uri = (await steerFile(arg)) ?? (await vscode.window.showOpenDialog({ filters: STEER_FILES, openLabel: 'Use These Edits', title: 'Import Edits' }))?.[0]
      if (!uri) return
      const document = await vscode.workspace.openTextDocument(uri)
      const next = await worker.request(importEdits, { text: document.getText() })
      state.acceptEdits(next)
      const rerun: ProblemAction = { title: 'Re-run', command: Command.rerun }
      const undo: ProblemAction = { title: 'Undo', command: Command.undoEdit }
      const actions = state.runs.length > 0 ? [rerun, undo] : [undo]
      const message = `${countOf(next.edits.length, 'edit')} from ${vscode.workspace.asRelativePath(uri)} ${next.edits.length === 1 ? 'applies' : 'apply'} to the next run.`
      offer(vscode.window.showInformationMessage(message, ...actions.map(({ title }) => title)), ...actions)
    },
    exportEdits: async () => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri
      const uri = await vscode.window.showSaveDialog({ filters: STEER_FILES, title: 'Export Edits', ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, 'edits.steer') } : {}) })
      if (!uri) return
      await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(await steerText(state)))
      await vscode.window.showTextDocument(uri)
    },
  }
}

/** The .steer file that `arg` names, or the one in the active editor when the command came from its title bar. */
async function steerFile(arg: unknown): Promise<vscode.Uri | undefined> {
  if (typeof arg === 'string') return vscode.Uri.parse(arg)
  if (arg instanceof vscode.Uri) return arg
  const document = vscode.window.activeTextEditor?.document
  return document?.languageId === Language.steer ? document.uri : undefined
}

/** The edits as lines of a .steer file; those switched off are kept as comments. */
async function steerText(state: WorkerState): Promise<string> {
  const { edits } = state.edits
  const descriptions = await state.describe(edits.map(({ feature }) => feature))
  const model = state.model?.kind === 'ready' ? `# ${state.model.name}\n` : ''
  const lines = edits.map(({ line, enabled }, index) => {
    const label = descriptions[index]?.label
    return `${enabled ? '' : '# off: '}${line}${label ? `  # ${label}` : ''}\n`
  })
  return `${model}${lines.join('')}`
}
