// The commands about the model and the worker: choose, load, unload, precision, restart, and the status bar's list of actions.
import * as vscode from 'vscode'
import { listModels, loadModel, modelState, settingsChanged, unloadModel, type ModelListing, type ModelSource } from '../../server/protocol/requests'
import { Command, Setting } from '../contributions'
import { featureName } from '../featureName'
import type { Heat } from '../heat'
import { longTask } from '../longTask'
import { belongs, fittingPrecision, listingNotes, listingText } from '../modelListing'
import { InputError } from '../../server/protocol/errors'
import { loadRemedy, showProblem } from '../problems'
import type { Worker } from '../serverProcess'
import { readSettings, writeSetting } from '../settings'
import { byteText, countOf } from '../wording'
import type { WorkerState } from '../workerState'

interface ModelItem extends vscode.QuickPickItem {
  readonly command?: string
  readonly model?: ModelListing
}

export function createModelCommands(worker: Worker, state: WorkerState, heat: Heat, log: vscode.LogOutputChannel) {
  const load = async (): Promise<void> => {
    await worker.request(settingsChanged, readSettings())
    const next = await longTask('Loading the model', (token, report) => worker.request(loadModel, null, token, report))
    if (next.kind === 'failed') showProblem(new InputError(next.message, next.remedy), log, loadRemedy(next.remedy))
  }

  const useModel = async (path: string, sae: string): Promise<void> => {
    await writeSetting(Setting.model, path === '' ? undefined : path)
    await writeSetting(Setting.sae, sae === '' ? undefined : sae)
    await load()
  }

  return {
    selectModel: async (path?: unknown, sae?: unknown) => {
      if (typeof path === 'string') return useModel(path, typeof sae === 'string' ? sae : '')
      const models = await longTask('Looking for models', (token) => worker.request(listModels, null, token))
      const current = state.model?.kind === 'ready' ? state.model.model.path : null
      const items: ModelItem[] = [...modelItems(models, current), { label: '', kind: vscode.QuickPickItemKind.Separator }, { label: '$(folder-opened) Browse for a model folder…', alwaysShow: true }, { label: '$(cloud-download) Download a model or an SAE set…', alwaysShow: true, command: Command.downloadModel }]
      const picked = await vscode.window.showQuickPick(items, { title: 'Choose a Model', placeHolder: 'A checkpoint folder as Hugging Face lays it out', matchOnDescription: true, matchOnDetail: true })
      if (!picked) return
      if (picked.command !== undefined) return vscode.commands.executeCommand(picked.command)
      if (picked.model) {
        const saePath = await chooseSae(picked.model.saeSets)
        return saePath === undefined ? undefined : useModel(picked.model.path, saePath)
      }
      const folder = await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false, openLabel: 'Use This Model', title: 'Choose a Model Folder' })
      if (folder?.[0]) await useModel(folder[0].fsPath, '')
    },
    loadModel: load,
    unloadModel: async () => {
      await worker.request(unloadModel, null)
    },
    restartWorker: async () => {
      await longTask('Restarting the worker', () => worker.restart())
      await worker.request(modelState, null)
      void vscode.window.setStatusBarMessage('Worker restarted', 3_000)
    },
    showActions: async () => {
      const running = state.runs.find(({ status }) => status.kind === 'running')
      const items: (vscode.QuickPickItem & { readonly command?: string })[] = [
        ...(running ? [{ label: `$(debug-stop) Cancel ${running.name}`, command: Command.cancelRun }] : []),
        { label: '$(play) Run the prompt in the active editor', command: Command.runPrompt },
        { label: '$(graph) Open the Scope panel', command: Command.openScope },
        ...(heat.feature ? [{ label: `$(flame) Hide ${featureName(heat.feature)} heat`, command: Command.hideHeat }] : []),
        { label: 'Model', kind: vscode.QuickPickItemKind.Separator },
        { label: '$(circuit-board) Choose a model…', command: Command.selectModel },
        { label: '$(symbol-numeric) Choose the precision…', command: Command.selectPrecision },
        ...(state.model?.kind === 'ready' ? [{ label: `$(debug-disconnect) Unload ${state.model.name}`, description: byteText(state.model.memoryBytes), command: Command.unloadModel }] : [{ label: '$(cloud-download) Load the model now', command: Command.loadModel }]),
        { label: 'Help', kind: vscode.QuickPickItemKind.Separator },
        { label: '$(output) Show the log', command: Command.showLog },
        { label: '$(debug-restart) Restart the worker', command: Command.restartWorker },
        { label: '$(book) Get started', command: Command.openWalkthrough },
      ]
      const picked = await vscode.window.showQuickPick(items, { title: 'Promptscope' })
      if (picked?.command) await vscode.commands.executeCommand(picked.command)
    },
  }
}

const SOURCES: readonly (readonly [source: ModelSource, title: string])[] = [['demo', 'Demo'], ['huggingface', 'Hugging Face cache'], ['modelscope', 'ModelScope cache'], ['folder', 'Folders']]

/** By where they were found. */
function modelItems(models: readonly ModelListing[], current: string | null): ModelItem[] {
  return SOURCES.flatMap(([source, title]): ModelItem[] => {
    const found = models.filter((model) => model.source === source)
    return found.length === 0 ? [] : [{ label: title, kind: vscode.QuickPickItemKind.Separator }, ...found.map((model) => modelItem(model, current))]
  })
}

function modelItem(model: ModelListing, current: string | null): ModelItem {
  return {
    label: `$(${model.problem !== null ? 'warning' : fittingPrecision(model) ? 'circuit-board' : 'circle-slash'}) ${model.name}`,
    description: `${listingText(model)}${model.path === current ? ' · in use' : ''}`,
    detail: listingNotes(model).join(' · '),
    model,
  }
}

/** The one set that belongs to a model, or that which the user picks: of several, or of those that merely have its size. Undefined when the list is left. */
async function chooseSae(saeSets: ModelListing['saeSets']): Promise<string | undefined> {
  const belonging = saeSets.filter(belongs)
  if (belonging.length === 1) return belonging[0]!.path
  const fitting = belonging.length > 0 ? belonging : saeSets.filter(({ matches }) => matches)
  if (fitting.length === 0) return ''
  const items = fitting.map(({ name, layout, layers, note, path }) => ({ label: `$(lightbulb) ${name}`, description: `${layout} · ${countOf(layers.length, 'layer')}`, detail: note, path }))
  const none = belonging.length > 0 ? [] : [{ label: '$(circle-slash) No SAE set', description: 'features are not read', path: '' }]
  return (await vscode.window.showQuickPick([...none, ...items], { title: 'Choose an SAE Set', placeHolder: 'Whose features are read' }))?.path
}
