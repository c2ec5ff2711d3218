// Paints one chosen feature's activation over the text of run documents and their prompt files: six steps of colour and underline, the number on hover.
import * as vscode from 'vscode'
import { featureHeat, type FeatureHeat, type RunDetail, type RunToken } from '../server/protocol/requests'
import type { FeatureId } from '../server/protocol/values'
import { Colour } from './contributions'
import { featureName, sameFeature } from './featureName'
import { isModelLoaded, isUnread, type LayerReader } from './layerReader'
import { runIdOfDocument } from './runDocuments'
import { showProblem } from './problems'
import type { Worker } from './serverProcess'
import { activationText } from './wording'
import type { WorkerState } from './workerState'

/** The heat display; one feature at a time, in every visible document that has a run. */
export interface Heat extends vscode.Disposable {
  readonly feature: FeatureId | null
  readonly onDidChange: vscode.Event<FeatureId | null>
  /** The visible documents were painted anew. */
  readonly onDidPaint: vscode.Event<void>
  /**
   * Chooses the feature to paint; null takes the paint away. Resolves when the visible documents are painted. The feature's layer is read first
   * where it has not been.
   */
  show(feature: FeatureId | null): Promise<void>
  /** The same for a feature that was chosen in an earlier session, for which no model is loaded. */
  restore(feature: FeatureId): Promise<void>
  /** Why some of what is visible has no paint: the feature's layer has not been read there, or is being read. */
  readonly missing: 'reading' | 'unread' | null
  /** The most that the feature reaches in what is painted now. */
  readonly max: number
  /** How many stretches of text are painted now, over all visible editors. */
  readonly paintedRanges: number
}

// Line under the text by step, so that intensity can be told without colour: thin and dotted to thick and solid.
const UNDERLINES = ['1px dotted', '1px dashed', '1px solid', '2px dashed', '2px solid', '3px solid'] as const

/** A stretch of text with the activation of the tokens that made it. */
export interface HeatSpan {
  readonly range: vscode.Range
  readonly activation: number
  readonly tokenIndex: number
  /** Position 0 and tokens of outlier norm: painted, but they do not set the scale. */
  readonly outlier: boolean
}

export function createHeat(worker: Worker, state: WorkerState, layers: LayerReader, log: vscode.LogOutputChannel): Heat {
  const changed = new vscode.EventEmitter<FeatureId | null>()
  const painted = new vscode.EventEmitter<void>()
  const steps = UNDERLINES.map((underline, step) => {
    const [width, style] = underline.split(' ') as [string, string]
    return vscode.window.createTextEditorDecorationType({
      backgroundColor: new vscode.ThemeColor(Colour.heat[step]!),
      borderColor: new vscode.ThemeColor(Colour.heatBorder),
      borderStyle: style,
      borderWidth: `0 0 ${width} 0`,
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      ...(step >= 4 ? { overviewRulerColor: new vscode.ThemeColor(Colour.heatBorder), overviewRulerLane: vscode.OverviewRulerLane.Center } : {}),
    })
  })
  const rangesPainted = new Map<vscode.TextEditor, number>()
  let feature: FeatureId | null = null
  let max = 0
  let turn = 0
  let missing: Heat['missing'] = null
  /** Runs and layers that are being read, and those of which the user did not want it or it could not be. */
  const reading = new Set<string>()
  const declined = new Set<string>()
  /** The user has just asked for this feature, so that loading a model for it is no surprise. */
  let mayLoad = false

  const clear = (editor: vscode.TextEditor): void => {
    for (const type of steps) editor.setDecorations(type, [])
    rangesPainted.delete(editor)
  }

  const paintAll = async (): Promise<void> => {
    const mine = ++turn
    const chosen = feature
    const editors = vscode.window.visibleTextEditors
    for (const editor of rangesPainted.keys()) if (!editors.includes(editor)) rangesPainted.delete(editor)
    missing = null
    if (chosen === null) return editors.forEach(clear)
    const unread = new Set<string>()
    const painting = await Promise.all(editors.map((editor) => spansOf(editor, chosen, unread)))
    // A later choice or a later change paints instead.
    if (mine !== turn) return
    // One scale for all, so that two answers side by side can be compared.
    const spans = painting.flatMap((each) => each ?? [])
    const ordinary = spans.filter(({ outlier }) => !outlier)
    max = Math.max(0, ...(ordinary.length > 0 ? ordinary : spans).map(({ activation }) => activation))
    editors.forEach((editor, index) => {
      const own = painting[index]
      if (own) paint(editor, chosen, own)
      else clear(editor)
    })
    missing = unread.size === 0 ? null : [...unread].some((key) => reading.has(key)) ? 'reading' : 'unread'
    painted.fire()
  }

  const spansOf = async (editor: vscode.TextEditor, chosen: FeatureId, unread: Set<string>): Promise<readonly HeatSpan[] | null> => {
    const { document } = editor
    const runId = runIdOfDocument(document.uri) ?? state.lastRunOf(document.uri.toString())?.id
    if (runId === undefined || state.run(runId)?.status.kind === 'running') return null
    try {
      const detail = await state.runDetail(runId)
      if (!detail) return null
      if (!isUnread(detail, chosen.layer)) return heatSpans(document, detail, await worker.request(featureHeat, { runId, feature: chosen }))
      unread.add(`${runId} ${chosen.layer}`)
      readFirst(detail, chosen.layer)
      return null
    } catch (error) {
      log.warn(`No activations of ${featureName(chosen)} for run ${runId}.`, error)
      return null
    }
  }

  /** What has been read is painted when it is there. */
  const readFirst = (run: RunDetail, layer: number): void => {
    const key = `${run.id} ${layer}`
    if (reading.has(key) || declined.has(key) || (!mayLoad && !isModelLoaded(state, run))) return
    reading.add(key)
    layers.read(run, [layer]).catch((error: unknown) => {
      declined.add(key)
      showProblem(error, log)
    }).finally(() => {
      reading.delete(key)
      repaint()
    })
  }

  const choose = async (next: FeatureId | null, load: boolean): Promise<void> => {
    const isSame = next === null || feature === null ? next === feature : sameFeature(next, feature)
    feature = next
    mayLoad = load
    declined.clear()
    if (!isSame) changed.fire(next)
    await paintAll()
    mayLoad = false
  }

  const paint = (editor: vscode.TextEditor, chosen: FeatureId, spans: readonly HeatSpan[]): void => {
    const name = featureName(chosen)
    const byStep: vscode.DecorationOptions[][] = steps.map(() => [])
    for (const { range, activation, tokenIndex, outlier } of spans) {
      const step = Math.min(steps.length, Math.ceil((activation / max) * steps.length)) - 1
      byStep[step]!.push({ range, hoverMessage: `${name} fires at **${activationText(activation)}** on token ${tokenIndex} (${Math.round((100 * activation) / max)} % of the most seen here)${outlier ? '; this token is an outlier: features on it are out of distribution' : ''}` })
    }
    steps.forEach((type, step) => editor.setDecorations(type, byStep[step]!))
    rangesPainted.set(editor, spans.length)
  }

  const repaint = (): void => {
    if (feature !== null) void paintAll()
  }
  const subscriptions = [
    changed, painted, ...steps,
    vscode.window.onDidChangeVisibleTextEditors(repaint),
    state.onDidReload(repaint),
    state.onDidReadLayers(repaint),
    state.onDidChangeRun(({ run }) => {
      if (run.status.kind !== 'running') repaint()
    }),
    // The document of a run that just ended may arrive after the news of its end.
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      const runId = runIdOfDocument(document.uri)
      if (runId !== null && state.run(runId)?.status.kind !== 'running') repaint()
    }),
  ]

  return {
    get feature() {
      return feature
    },
    get paintedRanges() {
      return [...rangesPainted.values()].reduce((sum, count) => sum + count, 0)
    },
    get max() {
      return max
    },
    onDidChange: changed.event,
    onDidPaint: painted.event,
    get missing() {
      return missing
    },
    show: (next) => choose(next, true),
    restore: (kept) => choose(kept, false),
    dispose: () => void vscode.Disposable.from(...subscriptions).dispose(),
  }
}

/** The stretches of `document` on which the feature fires: in a run document all tokens, in a prompt file those that came from it. */
export function heatSpans(document: vscode.TextDocument, detail: RunDetail, heat: FeatureHeat): readonly HeatSpan[] {
  const inRun = runIdOfDocument(document.uri) !== null
  const text = document.getText()
  const spans: HeatSpan[] = []
  // Tokens that end inside a character have no text of their own; the token that completes it carries the most of them.
  let carried = 0
  for (const token of detail.tokens) {
    const activation = Math.max(carried, heat.activations[token.index] ?? 0)
    const place = inRun ? token.range : token.promptRange
    carried = token.text === '' ? activation : 0
    if (activation <= 0 || token.text === '' || !place || place.end <= place.start) continue
    if (!inRun && !stillThere(text, token)) continue
    spans.push({ range: new vscode.Range(document.positionAt(place.start), document.positionAt(place.end)), activation, tokenIndex: token.index, outlier: token.outlier })
  }
  return spans
}

/** Whether the prompt file still reads at a token's place as it did when it was run. */
function stillThere(text: string, token: RunToken): boolean {
  const { start, end } = token.promptRange!
  return text.slice(start, end).trim() === token.text.trim()
}
