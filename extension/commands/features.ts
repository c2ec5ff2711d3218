// The commands about features: suppress, boost, clamp and then compare; pin; paint heat; suggest what to suppress.
import * as vscode from 'vscode'
import type { FeaturePlace } from '../../server/protocol/editorCommands'
import { addEdit, contrastFeatures, runFaults, setPinned, type FeatureContrast, type RunSummary } from '../../server/protocol/requests'
import type { FeatureId } from '../../server/protocol/values'
import { featureName } from '../featureName'
import type { Heat } from '../heat'
import { longTask } from '../longTask'
import { runIdOfDocument } from '../runDocuments'
import type { Worker } from '../serverProcess'
import { activationText } from '../wording'
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
    const { tokens, why } = await tokensToExplain(worker, state, run)
    if (tokens.length === 0) return void vscode.window.showInformationMessage(`${run.name} has no completion to explain.`)
    const ranked = await longTask('Ranking features', (token) => worker.request(contrastFeatures, { runId: run.id, tokens, count: SUGGESTION_COUNT }, token))
    if (ranked.length === 0) return void vscode.window.showInformationMessage('No feature fires more on these tokens than elsewhere.')
    const picked = await vscode.window.showQuickPick(ranked.map(suggestionItem(ranked)), {
      title: `Suppress Features in ${run.name}`, placeHolder: why, canPickMany: true, matchOnDescription: true, matchOnDetail: true, ignoreFocusOut: true,
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

/** What to be rid of: the selected tokens, else those of a noticed fault, else the whole completion. */
async function tokensToExplain(worker: Worker, state: WorkerState, run: RunSummary): Promise<{ readonly tokens: readonly number[]; readonly why: string }> {
  const detail = await state.runDetail(run.id)
  if (!detail) return { tokens: [], why: '' }
  const editor = vscode.window.activeTextEditor
  if (editor && runIdOfDocument(editor.document.uri) === run.id && !editor.selection.isEmpty) {
    const [start, end] = [editor.document.offsetAt(editor.selection.start), editor.document.offsetAt(editor.selection.end)]
    const tokens = detail.tokens.filter(({ range }) => range.start < end && range.end > start).map(({ index }) => index)
    return { tokens, why: `Features that fire on the ${tokens.length} selected tokens more than elsewhere` }
  }
  const faults = await worker.request(runFaults, { runId: run.id })
  const fault = faults[0]
  if (fault) return { tokens: fault.tokens, why: `Because the ${fault.message}` }
  const tokens = detail.tokens.filter(({ generated }) => generated).map(({ index }) => index)
  return { tokens, why: 'Features that fire on the completion more than on the prompt' }
}

function suggestionItem(ranked: readonly FeatureContrast[]): (contrast: FeatureContrast, position: number) => vscode.QuickPickItem & { readonly feature: FeatureId } {
  const best = Math.max(...ranked.map(({ score }) => score))
  return ({ feature, score, meanOn, meanOff, description }, position) => ({
    label: featureName(feature),
    description: description.label ?? description.tokens.slice(0, 4).map((token) => JSON.stringify(token)).join(' '),
    detail: `${bar(best > 0 ? score / best : 0)}  score ${score.toPrecision(2)} · ${activationText(meanOn)} on these tokens, ${activationText(meanOff)} on the others`,
    picked: position === 0,
    feature,
  })
}

/** A bar of five blocks for a fraction 0..1. */
function bar(fraction: number): string {
  const full = Math.max(0, Math.min(5, Math.round(5 * fraction)))
  return '▰'.repeat(full) + '▱'.repeat(5 - full)
}
