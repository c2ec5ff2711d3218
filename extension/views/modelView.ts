// The Model view: what is loaded, how it is computed, what it costs, and its SAE set.
import * as vscode from 'vscode'
import { inputErrorLine } from '../../server/protocol/errors'
import { costWords } from '../../server/protocol/precisionWords'
import { listModels, type ModelState } from '../../server/protocol/requests'
import type { PairingKind } from '../../server/protocol/values'
import { Command, View } from '../contributions'
import { belongs, fittingPrecision, listingNotes, listingText } from '../modelListing'
import { loadRemedy, sentence } from '../problems'
import type { Worker } from '../serverProcess'
import { baseName, byteText, modelName, parameterText } from '../wording'
import type { WorkerState } from '../workerState'
import { registeredView, type RegisteredView } from './registeredView'

export interface ModelRow {
  readonly label: string
  readonly description?: string
  readonly tooltip?: string
  readonly icon?: string
  readonly command?: string
  readonly args?: readonly unknown[]
  readonly children?: readonly ModelRow[]
  /** In place of children: asks for them when the row is opened. */
  readonly load?: () => Promise<readonly ModelRow[]>
}

/** Registers the view. Seeing it starts the worker. */
export function registerModelView(worker: Worker, state: WorkerState): RegisteredView {
  const changed = new vscode.EventEmitter<void>()
  const provider: vscode.TreeDataProvider<ModelRow> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: toTreeItem,
    getChildren: async (row) => [...(row?.load ? await row.load() : row ? (row.children ?? []) : modelRows(state.model, () => foundRows(worker)))],
  }
  const view = vscode.window.createTreeView(View.model, { treeDataProvider: provider, showCollapseAll: false })
  const say = (): void => {
    // A message wraps, a row does not.
    if (worker.status === 'failed') view.message = 'The worker stopped. Your edits, pins and runs are kept: run “Promptscope: Restart Worker” to go on.'
    else view.message = state.model?.kind === 'failed' ? sentence(inputErrorLine(state.model.message, state.model.remedy)) : ''
  }
  state.onDidChangeModel(() => {
    say()
    changed.fire()
  })
  worker.onDidChangeStatus(say)
  return registeredView(view, provider)
}

/** The rows for a state; none while no model is chosen, so that the view shows its empty state. */
export function modelRows(state: ModelState | null, load: () => Promise<readonly ModelRow[]>): readonly ModelRow[] {
  if (state === null || state.kind === 'none') return []
  if (state.kind === 'loading') {
    const percent = state.progress.fraction === null ? '' : ` ${Math.round(100 * state.progress.fraction)} %`
    return [
      { label: `Loading ${modelName(state.path)}`, description: `${state.progress.message}${percent}`, icon: 'loading~spin', tooltip: `${state.progress.message}${percent}\n${state.path}` },
      { label: 'Cancel', description: 'weights that are written already are kept', icon: 'debug-stop', command: Command.unloadModel },
    ]
  }
  if (state.kind === 'failed') {
    return [
      { label: 'The model did not load', description: modelName(state.path), icon: 'error', tooltip: `${state.path}\n${inputErrorLine(state.message, state.remedy)}` },
      ...wayOut(state.remedy),
      { label: 'Choose another model…', icon: 'circuit-board', command: Command.selectModel },
      { label: 'Try again', icon: 'refresh', command: Command.loadModel },
    ]
  }
  const { model, sae, pairing } = state
  return [
    { label: state.name, description: `${model.architecture} · ${parameterText(state.parameters)}`, icon: 'circuit-board', tooltip: model.path, command: Command.selectModel },
    { label: 'Shape', description: `${model.layers} layers · d_model ${model.dModel} · context ${state.contextLength.toLocaleString('en')}`, icon: 'layers' },
    precisionRow(state),
    providerRow(model.provider, state.fallbacks),
    { label: 'Memory', description: `${byteText(state.memoryBytes)} · loaded in ${(state.loadMs / 1000).toFixed(1)} s`, icon: 'database' },
    { label: 'Speed', description: state.tokensPerSecond === null ? 'known after the first run' : `${state.tokensPerSecond.toFixed(1)} tokens/s`, icon: 'dashboard' },
    sae
      ? {
          label: 'SAE set', description: `${sae.dSae.toLocaleString('en')} features a layer${sae.k === null ? '' : ` · k ${sae.k}`}`, icon: pairing === null || pairing.kind === 'match' ? 'lightbulb' : 'warning', tooltip: sae.path,
          children: [
            ...(pairing === null ? [] : [{ label: PAIRING[pairing.kind], description: pairing.note, icon: pairing.kind === 'match' ? 'check' : 'warning', tooltip: sentence(pairing.note) }]),
            { label: 'Folder', description: baseName(sae.path), icon: 'folder', tooltip: sae.path },
            { label: 'k', description: sae.k === null ? 'no limit to the features that fire on a token' : `${sae.k} features fire on each token`, icon: 'symbol-number' },
            { label: 'Layers', description: layersText(state.saeLayers, model.layers), icon: 'layers' },
            { label: 'Check SAE Fit', description: 'how much of a run it leaves unexplained', icon: 'beaker', tooltip: 'Check on the newest run how much the SAE set leaves unexplained', command: Command.checkSaeFit },
          ],
        }
      : { label: 'SAE set', description: 'none: features are not read', icon: 'circle-slash', command: Command.selectModel, tooltip: 'Choose a model with an SAE set, or set promptscope.sae' },
    { label: 'Models on this machine', icon: 'library', load },
  ]
}

/** What computes, and why nothing that was wanted more does. A row does not wrap: its whole line is in the tooltip. */
function providerRow(provider: string, fallbacks: readonly string[]): ModelRow {
  return {
    label: 'Provider', description: fallbacks.length > 0 ? `${provider} · ${fallbacks.length} not used` : provider, icon: 'server-process', tooltip: [`Computes on ${provider}`, ...fallbacks].join('\n'),
    children: fallbacks.map((line) => {
      const [subject, reason = ''] = line.split(/: (.*)/)
      return { label: subject!, description: reason, icon: 'info', tooltip: `${line}. Choose to change the order of providers`, command: 'workbench.action.openSettings', args: ['promptscope.providers'] }
    }),
  }
}

/** The precision, what it was found to cost, and what it keeps on disk. */
function precisionRow({ model, quantised }: ModelState & { readonly kind: 'ready' }): ModelRow {
  const cost = quantised?.cost ?? null
  const label = model.precision === 'q4' ? 'q4 · features approximate' : model.precision
  return {
    label: 'Precision', description: cost === null ? label : `${label} · ${costWords(cost)}`, icon: 'symbol-numeric', tooltip: cost === null ? 'Change the precision' : `${sentence(costWords(cost))}. Choose to change the precision`, command: Command.selectPrecision,
    ...(quantised && {
      children: [
        { label: 'Cost in accuracy', description: cost === null ? 'not measured yet' : costWords(cost), icon: 'beaker', tooltip: cost === null ? 'Measure it' : 'Measure it again, layer by layer', command: Command.measurePrecision },
        { label: 'On disk', description: byteText(quantised.bytes), icon: 'file-binary', tooltip: 'The quantised weights, which can be written again: choose to clear some', command: Command.clearQuantised },
      ],
    }),
  }
}

/** The precision that the remedy names, or a choice among them where the one that was chosen did not do. */
function wayOut(remedy: string): readonly ModelRow[] {
  const { title, command, args } = loadRemedy(remedy)
  return command === Command.selectPrecision ? [{ label: title, icon: 'symbol-numeric', command, ...(args && { args }) }] : []
}

const PAIRING: Readonly<Record<PairingKind, string>> = { match: 'Made for this model', transfer: 'Transfer', unknown: 'May not belong', mismatch: 'Of another model' }

/** One row for each model that was found; choosing one loads it with the SAE set that belongs to it. */
async function foundRows(worker: Worker): Promise<readonly ModelRow[]> {
  const found = await worker.request(listModels, null)
  return found.map((model) => {
    const { name, path, problem } = model
    const sae = model.saeSets.find(belongs)
    return {
      label: name, description: listingText(model), icon: problem !== null ? 'warning' : fittingPrecision(model) ? 'circuit-board' : 'circle-slash', tooltip: [path, ...listingNotes(model)].join('\n'),
      ...(problem === null && { command: Command.selectModel, args: [path, sae?.path ?? ''] }),
    }
  })
}

function toTreeItem(row: ModelRow): vscode.TreeItem {
  const hasChildren = row.load !== undefined || (row.children?.length ?? 0) > 0
  const item = new vscode.TreeItem(row.label, hasChildren ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None)
  if (row.description !== undefined) item.description = row.description
  if (row.icon !== undefined) item.iconPath = new vscode.ThemeIcon(row.icon)
  item.tooltip = row.tooltip ?? [row.label, row.description].filter(Boolean).join(': ')
  if (row.command !== undefined) item.command = { command: row.command, title: row.tooltip ?? row.label, arguments: [...(row.args ?? [])] }
  item.accessibilityInformation = { label: [row.label, row.description].filter(Boolean).join(', ') }
  return item
}

/** `0-7`, `3, 5, 9`, `all 8`. */
function layersText(layers: readonly number[], layerCount: number): string {
  if (layers.length === layerCount) return `all ${layerCount}`
  if (layers.length === 0) return 'none'
  const isRun = layers.every((layer, index) => layer === layers[0]! + index)
  return isRun && layers.length > 2 ? `${layers[0]}–${layers.at(-1)}` : layers.join(', ')
}
