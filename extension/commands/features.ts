// The commands about features: suppress, boost, clamp and then compare; pin; paint heat; suggest what to suppress.
import * as vscode from 'vscode'
import type { FeaturePlace } from '../../server/protocol/editorCommands'
import {
  addEdit, contrastFeatures, proposeSuppressions, runFaults, setPinned, type FeatureContrast, type RunDetail, type RunSummary, type SuppressionProposal,
} from '../../server/protocol/requests'
import type { FeatureId } from '../../server/protocol/values'
import { featureName } from '../featureName'
import type { Heat } from '../heat'
import { longTask } from '../longTask'
import { runIdOfDocument } from '../runDocuments'
import type { Worker } from '../serverProcess'
import { activationText, countOf } from '../wording'
import type { WorkerState } from '../workerState'
import { askEditLine } from './askEditLine'
import type { RunCommands } from './runs'
import { placeOf, runOf } from './targets'

const SUGGESTION_COUNT = 12

export function createFeatureCommands(worker: Worker, state: WorkerState, heat: Heat, runs: RunCommands) {
  /** Adds the lines, then re-runs the run they were thought up in and opens the difference. */
  const applyAndCompare = async (lines: readonly string[], runId: string | null): Promise<void> => {
    for (const line of lines) state.acceptEdits(await worker.request(addEdit, { line }))
    if (runId !== null && state.run(runId)) await runs.rerunAndCompare(runId)
    else void vscode.window.showInformationMessage(`${lines.join(', ')} applies to the next run.`)
  }

  const ask = async (arg: unknown, verb: 'Boost' | 'Clamp'): Promise<void> => {
    const place = await placeOf(worker, state, arg, `${verb} a Feature`)
    if (!place) return
    const name = featureName(place.feature)
    const [description] = await state.describe([place.feature])
    const usual = description?.typicalActivation ?? null
    const here = await activationAt(state, place)
    const known = [here === null ? null : `${activationText(here)} here`, usual === null ? null : `usually ${activationText(usual)} when it fires`].filter((part) => part !== null)
    const value = activationText(usual ?? here ?? 10)
    const line = await askEditLine(worker, {
      title: `${verb} ${name}${description?.label ? ` · ${description.label}` : ''}`,
      prompt: [verb === 'Boost' ? 'Adds to the activation' : 'Holds the activation at a value', ...known].join(' · '),
      value: verb === 'Boost' ? `${name} += ${value}` : `${name} = ${value}`,
    })
    if (line !== undefined) await applyAndCompare([line], place.runId)
  }

  const pin = async (arg: unknown, pinned: boolean): Promise<void> => {
    const place = await placeOf(worker, state, arg, pinned ? 'Pin a Feature' : 'Unpin a Feature')
    if (!place) return
    state.acceptEdits(await worker.request(setPinned, { feature: place.feature, pinned }))
    void vscode.window.setStatusBarMessage(`${pinned ? 'Pinned' : 'Unpinned'} ${featureName(place.feature)}`, 3_000)
  }

  const suggest = async (arg?: unknown): Promise<void> => {
    const run = runOf(state, arg)
    if (!run) return void vscode.window.showInformationMessage('Run a prompt first; then its features can be ranked.')
    const { ranked, why } = await rankSuppressions(worker, state, run)
    if (ranked.length === 0) return void vscode.window.showInformationMessage(why)
    const picked = await vscode.window.showQuickPick(ranked.map(suggestionItem(ranked)), {
      title: why, placeHolder: `Pick what to suppress; ${run.name} runs again`, canPickMany: true, matchOnDescription: true, matchOnDetail: true, ignoreFocusOut: true,
    })
    if (picked && picked.length > 0) await applyAndCompare(picked.map(({ feature }) => `${featureName(feature)} = 0`), run.id)
  }

  return {
    suppressFeature: async (arg?: unknown) => {
      const place = await placeOf(worker, state, arg, 'Suppress a Feature')
      if (place) await applyAndCompare([`${featureName(place.feature)} = 0`], place.runId)
    },
    boostFeature: (arg?: unknown) => ask(arg, 'Boost'),
    clampFeature: (arg?: unknown) => ask(arg, 'Clamp'),
    pinFeature: (arg?: unknown) => pin(arg, true),
    unpinFeature: (arg?: unknown) => pin(arg, false),
    suggestSuppressions: suggest,
    showFeature: async (arg?: unknown) => {
      const place = await placeOf(worker, state, arg, 'Show a Feature’s Heat')
      if (place) await heat.show(place.feature)
    },
    hideHeat: () => heat.show(null),
  }
}

/** The feature's activation on the token it was met on, or null. */
async function activationAt(state: WorkerState, { runId, feature, tokenIndex }: FeaturePlace): Promise<number | null> {
  if (runId === null || tokenIndex === null) return null
  const detail = await state.runDetail(runId)
  return detail?.features[feature.layer]?.[tokenIndex]?.find((fired) => fired.feature === feature.feature)?.activation ?? null
}

/** Features that may explain the selected tokens, else a fault that was noticed, else the completion; best first, with the reason in words. */
async function rankSuppressions(worker: Worker, state: WorkerState, run: RunSummary): Promise<{ readonly ranked: readonly (FeatureContrast | SuppressionProposal)[]; readonly why: string }> {
  const detail = await state.runDetail(run.id)
  if (!detail) return { ranked: [], why: 'This run is no longer there.' }
  const rank = (tokens: readonly number[]): Promise<readonly FeatureContrast[]> =>
    longTask('Ranking features', (token) => worker.request(contrastFeatures, { runId: run.id, tokens, count: SUGGESTION_COUNT }, token))
  const selected = selectedTokens(detail)
  if (selected.length > 0) return reasoned(await rank(selected), `Features that fire on the ${countOf(selected.length, 'selected token')} more than elsewhere`)
  const [fault] = await worker.request(runFaults, { runId: run.id })
  if (fault) {
    const tried = await longTask(`Trying what to suppress in ${run.name}`, (token, report) => worker.request(proposeSuppressions, { runId: run.id, count: SUGGESTION_COUNT }, token, report))
    return tried.length > 0 ? { ranked: tried, why: `What to suppress when the ${fault.message}` } : reasoned(await rank(fault.tokens), `Nothing helped for sure; these fire where the ${fault.message}`)
  }
  const completion = detail.tokens.filter(({ generated }) => generated).map(({ index }) => index)
  return reasoned(completion.length > 0 ? await rank(completion) : [], 'Features that fire on the completion more than on the prompt')
}

function reasoned(ranked: readonly FeatureContrast[], why: string): { readonly ranked: readonly FeatureContrast[]; readonly why: string } {
  return { ranked, why: ranked.length > 0 ? why : 'No feature fires more on these tokens than elsewhere.' }
}

/** Indices of the tokens that are selected in the run's document. */
function selectedTokens(detail: RunDetail): readonly number[] {
  const editor = vscode.window.activeTextEditor
  if (!editor || runIdOfDocument(editor.document.uri) !== detail.id || editor.selection.isEmpty) return []
  const { document, selection } = editor
  const [start, end] = [document.offsetAt(selection.start), document.offsetAt(selection.end)]
  return detail.tokens.filter(({ range }) => range.start < end && range.end > start).map(({ index }) => index)
}

function suggestionItem(ranked: readonly FeatureContrast[]): (contrast: FeatureContrast | SuppressionProposal, position: number) => vscode.QuickPickItem & { readonly feature: FeatureId } {
  const best = Math.max(...ranked.map(({ score }) => score))
  return (contrast, position) => {
    const { feature, description } = contrast
    return {
      label: featureName(feature),
      description: description.label ?? description.tokens.slice(0, 4).map((token) => JSON.stringify(token)).join(' '),
      detail: 'faultDrop' in contrast ? triedText(contrast) : `${bar(best > 0 ? contrast.score / best : 0)}  ${activationText(contrast.meanOn)} on these tokens, ${activationText(contrast.meanOff)} on the others`,
      picked: position === 0,
      feature,
    }
  }
}

// Below this a fault is hardly less likely, and the list says so.
const WEAK_EFFECT = 0.1

/** What a tried suppression does: how much less likely the fault becomes, how much the other tokens change. */
function triedText({ faultDrop, sideEffect }: SuppressionProposal): string {
  const lessLikely = 1 - Math.exp(-faultDrop)
  const changed = Math.exp(sideEffect) - 1
  const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
  return `${bar(lessLikely)}  fault ${percent(lessLikely)} less likely · other tokens change by ${percent(changed)}${lessLikely < WEAK_EFFECT ? ' · weak' : ''}`
}

/** A bar of five blocks for a fraction 0..1. */
function bar(fraction: number): string {
  const full = Math.max(0, Math.min(5, Math.round(5 * fraction)))
  return '▰'.repeat(full) + '▱'.repeat(5 - full)
}
