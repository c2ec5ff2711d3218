// Lets the user pick among the features that may explain what went wrong in a run. The list opens at once and fills when they have been ranked.
import * as vscode from 'vscode'
import { CancelledError } from '../../server/protocol/errors'
import {
  contrastFeatures, proposeSuppressions, runFaults, type FeatureContrast, type RunDetail, type RunSummary, type SuppressionProposal,
} from '../../server/protocol/requests'
import type { FeatureId } from '../../server/protocol/values'
import { Command } from '../contributions'
import { featureName } from '../featureName'
import type { LayerReader } from '../layerReader'
import { offer, type ProblemAction } from '../problems'
import { runIdOfDocument } from '../runDocuments'
import type { ProgressReport, Worker } from '../serverProcess'
import { activationText, countOf } from '../wording'
import type { WorkerState } from '../workerState'

const SUGGESTION_COUNT = 12
// A fault that becomes less likely by a smaller share is hardly touched, and the list says so.
const WEAK_EFFECT = 0.1

// One feature rarely mends a fault; a few of those that help do, and the more there are the more else changes.
const PRESELECTED = 3

type Ranked = FeatureContrast | SuppressionProposal

interface Ranking {
  /** Best first. */
  readonly ranked: readonly Ranked[]
  readonly why: string
}

interface SuggestionItem extends vscode.QuickPickItem {
  readonly feature: FeatureId
}

const READ_ALL: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('layers'), tooltip: 'Read all layers of the run and rank again' }

/** The picked features; empty when nothing was picked or nothing can be suggested, which has been said then. Only layers that have been read are ranked. */
export async function pickSuppressions(worker: Worker, state: WorkerState, reading: LayerReader, run: RunSummary): Promise<readonly FeatureId[]> {
  let wantsAll = false
  const source = new vscode.CancellationTokenSource()
  const list = vscode.window.createQuickPick<SuggestionItem>()
  Object.assign(list, { title: `What to suppress in ${run.name}`, placeholder: 'Trying features on the model… Escape cancels', busy: true, enabled: true, canSelectMany: true, matchOnDescription: true, ignoreFocusOut: true })
  const picked = new Promise<readonly FeatureId[]>((resolve) => {
    list.onDidAccept(() => {
      if (list.busy) return
      resolve(list.selectedItems.map(({ feature }) => feature))
      list.hide()
    })
    list.onDidHide(() => {
      source.cancel()
      resolve([])
    })
  })
  list.onDidTriggerButton(() => {
    wantsAll = true
    list.hide()
  })
  list.show()
  try {
    const detail = await state.runDetail(run.id)
    const partly = detail !== null && detail.layers.length < detail.saeLayers.length
    if (partly) list.buttons = [READ_ALL]
    const report: ProgressReport = ({ message, percentage }) => {
      list.placeholder = `${message ?? 'Trying features'}${percentage === undefined ? '' : ` ${percentage} %`}… Escape cancels`
    }
    const { ranked, why } = await rankSuppressions(worker, state, run, source.token, report)
    if (ranked.length === 0) {
      list.hide()
      const readAll: ProblemAction = { title: 'Read All Layers', command: Command.readAllLayers, args: [run.id] }
      const actions = partly ? [readAll] : []
      offer(vscode.window.showInformationMessage(why, ...actions.map(({ title }) => title)), ...actions)
      return []
    }
    const items = suggestionItems(ranked)
    const ranks = partly ? `; read so far: ${detail.layers.length === 1 ? 'layer' : 'layers'} ${detail.layers.join(', ')} of ${detail.saeLayers.length}` : ''
    Object.assign(list, { title: why, placeholder: `Pick what to suppress; ${run.name} runs again${ranks}`, busy: false, items, selectedItems: items.slice(0, preselectedCount(ranked)) })
    const features = await picked
    if (!wantsAll) return features
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error
    if (!wantsAll) return []
  } finally {
    list.dispose()
    source.dispose()
  }
  await reading.read(run, 'all')
  return pickSuppressions(worker, state, reading, run)
}

/** How many of the first to tick: those whose effect was tried and is not weak, else only the first. */
function preselectedCount(ranked: readonly Ranked[]): number {
  const isStrong = ranked.slice(0, PRESELECTED).map((each) => 'faultDrop' in each && shareLessLikely(each) >= WEAK_EFFECT)
  return Math.max(1, isStrong.indexOf(false) < 0 ? isStrong.length : isStrong.indexOf(false))
}

/** Features that may explain the selected tokens, else a fault that was noticed, else the completion. */
async function rankSuppressions(worker: Worker, state: WorkerState, run: RunSummary, token: vscode.CancellationToken, report: ProgressReport): Promise<Ranking> {
  const detail = await state.runDetail(run.id)
  if (!detail) return { ranked: [], why: 'This run is no longer there.' }
  const contrast = async (tokens: readonly number[], why: string): Promise<Ranking> => {
    const ranked = tokens.length === 0 ? [] : await worker.request(contrastFeatures, { runId: run.id, tokens, count: SUGGESTION_COUNT }, token)
    return { ranked, why: ranked.length > 0 ? why : 'No feature fires more on these tokens than elsewhere.' }
  }
  const selected = selectedTokens(detail)
  if (selected.length > 0) return contrast(selected, `Features that fire on the ${countOf(selected.length, 'selected token')} more than elsewhere`)
  const [fault] = await worker.request(runFaults, { runId: run.id }, token)
  if (!fault) {
    const completion = detail.tokens.filter(({ generated }) => generated).map(({ index }) => index)
    return contrast(completion, 'Features that fire on the completion more than on the prompt')
  }
  const tried = await worker.request(proposeSuppressions, { runId: run.id, count: SUGGESTION_COUNT }, token, report)
  if (tried.length === 0) return contrast(fault.tokens, `Nothing that was tried helped; these fire where the ${fault.message}`)
  const isWeak = tried.every((proposal) => shareLessLikely(proposal) < WEAK_EFFECT)
  return { ranked: tried, why: isWeak ? `No single feature makes it clearly less likely that the ${fault.message}` : `What to suppress when the ${fault.message}` }
}

/** Indices of the tokens that are selected in the run's document. */
function selectedTokens(detail: RunDetail): readonly number[] {
  const editor = vscode.window.activeTextEditor
  if (!editor || runIdOfDocument(editor.document.uri) !== detail.id || editor.selection.isEmpty) return []
  const { document, selection } = editor
  const [start, end] = [document.offsetAt(selection.start), document.offsetAt(selection.end)]
  return detail.tokens.filter(({ range }) => range.start < end && range.end > start).map(({ index }) => index)
}

function suggestionItems(ranked: readonly Ranked[]): SuggestionItem[] {
  const best = Math.max(...ranked.map(({ score }) => score))
  return ranked.map((each) => ({
    label: featureName(each.feature),
    description: each.description.label ?? each.description.tokens.slice(0, 4).map((text) => JSON.stringify(text)).join(' '),
    detail: 'faultDrop' in each ? triedText(each) : `${bar(best > 0 ? each.score / best : 0)}  ${activationText(each.meanOn)} on these tokens, ${activationText(each.meanOff)} on the others`,
    feature: each.feature,
  }))
}

/** What a tried suppression does: how much less likely the fault becomes, how much the other tokens change. */
function triedText(proposal: SuppressionProposal): string {
  const lessLikely = shareLessLikely(proposal)
  const changed = Math.exp(proposal.sideEffect) - 1
  const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
  return `${bar(lessLikely)}  fault ${percent(lessLikely)} less likely · other tokens change by ${percent(changed)}${lessLikely < WEAK_EFFECT ? ' · weak' : ''}`
}

function shareLessLikely({ faultDrop }: SuppressionProposal): number {
  return 1 - Math.exp(-faultDrop)
}

/** A bar of five blocks for a fraction 0..1. */
function bar(fraction: number): string {
  const full = Math.max(0, Math.min(5, Math.round(5 * fraction)))
  return '▰'.repeat(full) + '▱'.repeat(5 - full)
}
