// The commands about features: suppress, boost, clamp and then compare; pin; paint heat; suggest what to suppress.
import * as vscode from 'vscode'
import type { FeaturePlace } from '../../server/protocol/editorCommands'
import { addEdit, setPinned, tokenFeatures } from '../../server/protocol/requests'
import { featureName } from '../featureName'
import type { Heat } from '../heat'
import type { LayerReader } from '../layerReader'
import type { Worker } from '../serverProcess'
import { activationText } from '../wording'
import type { WorkerState } from '../workerState'
import { askEditLine } from './askEditLine'
import { pickSuppressions } from './pickSuppressions'
import type { RunCommands } from './runs'
import { placeOf, runOf } from './targets'

export function createFeatureCommands(worker: Worker, state: WorkerState, heat: Heat, reading: LayerReader, runs: RunCommands) {
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
    const here = await activationAt(worker, state, place)
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
    const features = await pickSuppressions(worker, state, reading, run)
    if (features.length > 0) await applyAndCompare(features.map((feature) => `${featureName(feature)} = 0`), run.id)
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
async function activationAt(worker: Worker, state: WorkerState, { runId, feature, tokenIndex }: FeaturePlace): Promise<number | null> {
  if (runId === null || tokenIndex === null) return null
  if (!state.run(runId)) return null
  const { layers } = await worker.request(tokenFeatures, { runId, token: tokenIndex })
  return layers.find(({ layer }) => layer === feature.layer)?.features.find((fired) => fired.feature === feature.feature)?.activation ?? null
}
