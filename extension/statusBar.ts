// The status bar: model, provider, precision, speed and memory, what is going on, and the feature whose heat is shown.
import * as vscode from 'vscode'
import { costWords, precisionLabel } from '../server/protocol/precisionWords'
import type { LayerReading, ModelState, RunSummary } from '../server/protocol/requests'
import { Command, View } from './contributions'
import { featureName } from './featureName'
import type { Heat } from './heat'
import { sentence } from './problems'
import type { Worker, WorkerStatus } from './serverProcess'
import { activationText, byteText, countOf, escapeMarkdown, modelName } from './wording'
import type { WorkerState } from './workerState'

export interface StatusBar extends vscode.Disposable {
  /** What it says now, for tests. */
  readonly text: string
}

/** Shows the status bar items; they appear once the worker is wanted. */
export function createStatusBar(worker: Worker, state: WorkerState, heat: Heat): StatusBar {
  const main = vscode.window.createStatusBarItem('promptscope.status', vscode.StatusBarAlignment.Right, 90)
  main.name = 'Promptscope'
  main.command = Command.showActions
  const heatItem = vscode.window.createStatusBarItem('promptscope.heat', vscode.StatusBarAlignment.Right, 89)
  heatItem.name = 'Promptscope Heat'
  heatItem.command = Command.hideHeat

  const draw = (): void => {
    const running = state.runs.find(({ status }) => status.kind === 'running')
    const { text, spoken, isProblem } = statusText(worker.status, state.model, running, state.reading)
    main.text = text
    main.tooltip = statusTooltip(worker.status, state.model, running)
    main.accessibilityInformation = { label: `Promptscope: ${spoken}`, role: 'button' }
    main.backgroundColor = isProblem ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined
    if (worker.status === 'stopped' && state.model === null) main.hide()
    else main.show()
  }
  const drawHeat = (): void => {
    if (heat.feature === null) return heatItem.hide()
    const name = featureName(heat.feature)
    const { layer } = heat.feature
    const most = heat.missing === 'reading' ? `reading layer ${layer}…` : heat.max > 0 ? `up to ${activationText(heat.max)}` : heat.missing === 'unread' ? `layer ${layer} not read` : 'fires nowhere here'
    heatItem.text = `$(flame) ${name} heat: ${most}`
    heatItem.tooltip = `The activation of ${name} is painted over the text. Click to hide it.`
    heatItem.accessibilityInformation = { label: `Heat of feature ${name} is shown, ${most}; press to hide it`, role: 'button' }
    heatItem.show()
  }
  draw()
  drawHeat()
  const subscriptions = [
    main, heatItem,
    worker.onDidChangeStatus(draw), state.onDidChangeModel(draw), state.onDidChangeRun(draw), state.onDidChangeReading(draw), state.onDidReload(draw),
    heat.onDidChange(drawHeat), heat.onDidPaint(drawHeat),
  ]
  return {
    get text() {
      return main.text
    },
    dispose: () => void vscode.Disposable.from(...subscriptions).dispose(),
  }
}

interface StatusWords {
  readonly text: string
  readonly spoken: string
  readonly isProblem: boolean
}

function statusText(worker: WorkerStatus, model: ModelState | null, running: RunSummary | undefined, reading: LayerReading | null): StatusWords {
  if (worker === 'failed') return { text: '$(error) Promptscope: worker stopped', spoken: 'the worker stopped', isProblem: true }
  if (worker === 'starting' || model === null) return { text: '$(loading~spin) Promptscope', spoken: 'starting', isProblem: false }
  if (model.kind === 'failed') return { text: '$(warning) Promptscope: no model', spoken: `the model did not load, ${model.message}`, isProblem: true }
  if (model.kind === 'loading') {
    const percent = model.progress.fraction === null ? '' : ` ${Math.round(100 * model.progress.fraction)} %`
    const words = `Loading ${modelName(model.path)}${percent}`
    return { text: `$(loading~spin) ${words}`, spoken: words, isProblem: false }
  }
  if (running) {
    const words = `${running.name}: ${countOf(running.generatedTokens, 'token')}`
    return { text: `$(loading~spin) ${words}`, spoken: `running ${words}`, isProblem: false }
  }
  if (reading) {
    const words = reading.total === 1 ? `reading layer ${reading.layers[0] ?? ''}` : `reading layers: ${reading.done} of ${reading.total}`
    return { text: `$(loading~spin) ${words}`, spoken: words, isProblem: false }
  }
  if (model.kind === 'none') return { text: '$(pulse) Promptscope', spoken: 'no model loaded yet', isProblem: false }
  const parts = [model.name, model.model.provider, precisionLabel(model.model.precision)]
  if (model.tokensPerSecond !== null) parts.push(`${model.tokensPerSecond.toFixed(0)} tokens/s`)
  parts.push(byteText(model.memoryBytes))
  return { text: `$(pulse) ${parts.join(' · ')}`, spoken: parts.join(', '), isProblem: false }
}

function statusTooltip(worker: WorkerStatus, model: ModelState | null, running: RunSummary | undefined): vscode.MarkdownString {
  const tooltip = new vscode.MarkdownString('', true)
  tooltip.isTrusted = { enabledCommands: [Command.cancelRun, `${View.model}.focus`] }
  if (worker === 'failed') return tooltip.appendMarkdown('The worker stopped. Your edits, pins and runs are kept. Click for what to do.')
  if (model?.kind === 'failed') return tooltip.appendText(`${model.message}; ${model.remedy}`)
  if (running) return tooltip.appendMarkdown(`$(sync~spin) running · [Cancel](command:${Command.cancelRun}?${encodeURIComponent(JSON.stringify([running.id]))})`)
  if (model?.kind !== 'ready') return tooltip.appendMarkdown(model?.kind === 'loading' ? 'Loading the model…' : 'The model loads with the first run.')
  const lines = [
    `**${escapeMarkdown(model.name)}** · ${model.model.architecture} · ${model.model.layers} layers`,
    `Precision ${precisionLabel(model.model.precision)} on ${model.model.provider}`,
    ...(model.quantised?.cost ? [escapeMarkdown(sentence(costWords(model.quantised.cost)))] : []),
    ...model.fallbacks.map((line) => `$(info) ${escapeMarkdown(line)}`),
    model.tokensPerSecond === null ? 'Speed not measured yet' : `${model.tokensPerSecond.toFixed(1)} tokens/s`,
    `Memory ${byteText(model.memoryBytes)}`,
    model.sae ? `SAE set: ${model.sae.dSae.toLocaleString('en')} features a layer${model.sae.k === null ? '' : `, k ${model.sae.k}`}` : 'No SAE set: features are not read',
    ...(model.pairing === null || model.pairing.kind === 'match' ? [] : [`$(warning) ${escapeMarkdown(sentence(model.pairing.note))}`]),
    `[Show the model view](command:${View.model}.focus)`,
  ]
  return tooltip.appendMarkdown(lines.join('\n\n'))
}
