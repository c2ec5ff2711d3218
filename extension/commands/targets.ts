// What a command is about: read from its argument (a link, a tree row, a document), else from the active editor, else asked.
import * as vscode from 'vscode'
import type { FeaturePlace } from '../../server/protocol/editorCommands'
import { tokenAt, tokenFeatures, type EditEntry, type RunDetail, type RunSummary } from '../../server/protocol/requests'
import { featureName, parseFeatureName } from '../featureName'
import { activeRunId, runIdOfDocument } from '../runDocuments'
import type { Worker } from '../serverProcess'
import type { EditsRow } from '../views/pinsAndEditsView'
import type { RunsRow } from '../views/runsView'
import { activationText } from '../wording'
import type { WorkerState } from '../workerState'

/** The run that `arg` names; without one the run of the active editor, else the newest. */
export function runOf(state: WorkerState, arg: unknown): RunSummary | undefined {
  if (typeof arg === 'string') return state.run(arg)
  if (isRow<RunsRow>(arg) && arg.kind === 'run') return state.run(arg.run.id)
  const uri = arg instanceof vscode.Uri ? arg : vscode.window.activeTextEditor?.document.uri
  const runId = uri ? runIdOfDocument(uri) : null
  if (runId !== null) return state.run(runId)
  return (uri && state.lastRunOf(uri.toString())) ?? state.runs[0]
}

/** The edit that `arg` names; without one the user picks. Undefined when there is none or nothing was picked. */
export async function editOf(state: WorkerState, arg: unknown): Promise<EditEntry | undefined> {
  if (isRow<EditsRow>(arg) && arg.kind === 'edit') return arg.entry
  if (typeof arg === 'string') return state.edits.edits.find(({ id }) => id === arg)
  const items = state.edits.edits.map((entry) => ({ label: entry.line, description: entry.enabled ? 'on' : 'off', entry }))
  return (await vscode.window.showQuickPick(items, { title: 'Edits', placeHolder: 'Which edit?' }))?.entry
}

/** The feature that `arg` names; without one the user picks among those at the cursor or types a name. */
export async function placeOf(worker: Worker, state: WorkerState, arg: unknown, title: string): Promise<FeaturePlace | undefined> {
  if (isPlace(arg)) return { runId: arg.runId ?? newestRunId(state), feature: arg.feature, tokenIndex: arg.tokenIndex ?? null }
  if (isVariableRow(arg)) {
    const feature = parseFeatureName(arg.variable.name)
    if (feature) return { runId: null, feature, tokenIndex: null }
  }
  if (isRow<EditsRow>(arg)) {
    if (arg.kind === 'pin') return { runId: newestRunId(state), feature: arg.feature, tokenIndex: null }
    if (arg.kind === 'edit') return { runId: newestRunId(state), feature: arg.entry.feature, tokenIndex: null }
  }
  return (await pickAtCursor(worker, state, title)) ?? undefined
}

/** The token under the cursor of the active editor, or null. */
export async function tokenAtCursor(worker: Worker, state: WorkerState): Promise<{ readonly detail: RunDetail; readonly index: number } | null> {
  const editor = vscode.window.activeTextEditor
  if (!editor) return null
  const { document, selection } = editor
  const token = await worker.request(tokenAt, { uri: document.uri.toString(), offset: document.offsetAt(selection.active) })
  const detail = token && (await state.runDetail(token.runId))
  return detail ? { detail, index: token.index } : null
}

interface FeatureItem extends vscode.QuickPickItem {
  readonly place?: FeaturePlace
}

async function pickAtCursor(worker: Worker, state: WorkerState, title: string): Promise<FeaturePlace | null> {
  const token = await tokenAtCursor(worker, state)
  if (!token) return typeName(state, title)
  const items: FeatureItem[] = []
  const { detail, index } = token
  const { layers } = await worker.request(tokenFeatures, { runId: detail.id, token: index })
  for (const { layer, features } of layers) {
    const fired = features.slice(0, 8)
    if (fired.length === 0) continue
    const descriptions = await state.describe(fired.map(({ feature }) => ({ layer, feature })))
    items.push({ label: `Layer ${layer}`, kind: vscode.QuickPickItemKind.Separator })
    fired.forEach(({ feature, activation }, position) => {
      items.push({
        label: featureName({ layer, feature }),
        description: [activationText(activation), descriptions[position]?.label].filter(Boolean).join(' · '),
        place: { runId: detail.id, feature: { layer, feature }, tokenIndex: index },
      })
    })
  }
  const text = detail.tokens[index]?.display ?? ''
  items.push({ label: '', kind: vscode.QuickPickItemKind.Separator }, { label: '$(edit) Another feature…', alwaysShow: true })
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder: `Features on token ${index} ${JSON.stringify(text)}`, matchOnDescription: true })
  if (!picked) return null
  return picked.place ?? typeName(state, title)
}

async function typeName(state: WorkerState, title: string): Promise<FeaturePlace | null> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: 'Layer and index of the feature',
    placeHolder: 'L3/1021',
    validateInput: (value) => (value === '' || parseFeatureName(value) ? null : 'Write layer and index, for example L3/1021.'),
  })
  const feature = text === undefined ? null : parseFeatureName(text)
  return feature && { runId: newestRunId(state), feature, tokenIndex: null }
}

function newestRunId(state: WorkerState): string | null {
  return activeRunId() ?? state.runs[0]?.id ?? null
}

function isPlace(arg: unknown): arg is Partial<FeaturePlace> & Pick<FeaturePlace, 'feature'> {
  if (typeof arg !== 'object' || arg === null || 'kind' in arg || !('feature' in arg)) return false
  const { feature } = arg
  return typeof feature === 'object' && feature !== null && 'layer' in feature && 'feature' in feature && Number.isInteger(feature.layer) && Number.isInteger(feature.feature)
}

/** A row of the editor's Variables view, as its menu hands it over. */
export interface VariableRow {
  readonly sessionId?: string
  readonly container: { readonly variablesReference: number }
  readonly variable: { readonly name: string; readonly value: string }
}

export function isVariableRow(arg: unknown): arg is VariableRow {
  if (typeof arg !== 'object' || arg === null || !('variable' in arg) || !('container' in arg)) return false
  const { variable, container } = arg
  return typeof variable === 'object' && variable !== null && 'name' in variable && typeof variable.name === 'string' && typeof container === 'object' && container !== null && 'variablesReference' in container
}

function isRow<Row extends { readonly kind: string }>(arg: unknown): arg is Row {
  return typeof arg === 'object' && arg !== null && 'kind' in arg && typeof arg.kind === 'string'
}
