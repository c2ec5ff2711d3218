// Shows the Scope panel in a plain browser, with a host that answers from made-up runs. For development only, never shipped.
//
//   npm run build && npx esbuild webview/preview/preview.ts --bundle --outfile=out/preview/preview.js
//   then open webview/preview/index.html?theme=dark&case=rerun
//
// theme: dark, light, hc, hc-light. case: run, partly, reading, rerun, branch, weak, never, failed, empty, loading, growing, long.
import { answer, isReply, type Call, type Reply } from '../../server/protocol/rpc'
import type { ScopeHostApi, ScopePanelApi, ScopeView } from '../../server/protocol/scopePanel'
import type { PinsAndEdits, RunDetail } from '../../server/protocol/requests'
import { connectHost } from '../host'
import { describeFixture, fixtureRun, fixtureView, heatFixture, listFixture, type FixtureCase } from './fixture'
import { THEMES, type ThemeName } from './themes'

const query = new URLSearchParams(location.search)
const shownCase = (query.get('case') ?? 'rerun') as FixtureCase
applyTheme((query.get('theme') ?? 'dark') as ThemeName)

let saved: unknown
const toPanel = (message: Call | Reply): void => void window.dispatchEvent(new MessageEvent('message', { data: structuredClone(message) }))
let fromPanel: (message: Call | Reply) => void = () => undefined
const panel = connectHost<ScopePanelApi, Record<never, never>>({ send: toPanel, receive: (listener) => void (fromPanel = listener) }, {})

let view: ScopeView = fixtureView(shownCase)
let nextEdit = 1

const host: ScopeHostApi = {
  ready: () => (shownCase === 'loading' ? new Promise(() => undefined) : Promise.resolve(view)),
  selectToken: async (runId, index) => panel.selectToken(runId, index),
  chooseFeature: async () => undefined,
  heat: async (_runId, feature) => heatFixture(view.run!, feature),
  greatest: async (_runId, features) => features.map((feature) => heatFixture(view.run!, feature).max),
  readLayers: async (_runId, layers) => {
    const run = view.run!
    const all = layers === 'all' ? run.saeLayers : [...run.layers, ...layers].sort((a, b) => a - b)
    const left = all.filter((layer) => !run.layers.includes(layer))
    await panel.showReading({ runId: run.id, layers: left, done: 0, total: left.length, fraction: 0.4 })
    await new Promise((resolve) => setTimeout(resolve, 1200))
    view = { ...view, run: { ...run, layers: all }, reading: null }
    await panel.showView(view)
  },
  cancelReading: async () => panel.showReading(null),
  showLayers: async () => undefined,
  tokenFeatures: async (_runId, token) => listFixture(view.run!, token),
  describe: async (features) => features.map(describeFixture),
  setPinned: async (feature, pinned) => showEdits({ ...view.pinsAndEdits, pins: [...view.pinsAndEdits.pins.filter((pin) => pin.layer !== feature.layer || pin.feature !== feature.feature), ...(pinned ? [feature] : [])] }),
  addEdit: async (line) => {
    const [, layer, feature] = /L(\d+)\/(\d+)/.exec(line)!.map(Number)
    const others = view.pinsAndEdits.edits.filter((edit) => edit.feature.layer !== layer || edit.feature.feature !== feature)
    showEdits({ ...view.pinsAndEdits, edits: [...others, { id: `new-${nextEdit++}`, line, feature: { layer: layer!, feature: feature! }, enabled: true }], undo: `add ${line}` })
  },
  removeEdit: async (id) => showEdits({ ...view.pinsAndEdits, edits: view.pinsAndEdits.edits.filter((edit) => edit.id !== id) }),
  undoEdits: async () => showEdits({ ...view.pinsAndEdits, edits: view.pinsAndEdits.edits.slice(0, -1), undo: null }),
  rerun: async () => grow(fixtureRun('edited')),
  compareWith: async (runId) => {
    view = { ...view, original: fixtureRun(runId === 'run-plain' ? 'plain' : 'same') }
    await panel.showView(view)
  },
  suggestSuppressions: async () => undefined,
  cancelRun: async () => undefined,
  openDiff: async () => undefined,
  runPrompt: async () => {
    view = { ...fixtureView('run'), selectedToken: null }
    await grow(fixtureRun('plain'))
  },
}

Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: (message: Call | Reply) => (isReply(message) ? fromPanel(message) : void answer(host, structuredClone(message), toPanel)),
    getState: () => saved,
    setState: (state: unknown) => (saved = state),
  }),
  preview: { panel, applyTheme, view: () => view, grow: () => grow(fixtureRun('edited')) },
})
if (shownCase === 'growing') setTimeout(() => void grow(fixtureRun('edited'), Number(query.get('stop') ?? 'Infinity')), 100)

function showEdits(pinsAndEdits: PinsAndEdits): void {
  view = { ...view, pinsAndEdits }
  void panel.showPinsAndEdits(pinsAndEdits)
}

/** Plays a run as if it were being generated; a frame for each token. */
async function grow(run: RunDetail, stop = Infinity): Promise<void> {
  const part = (length: number): RunDetail => ({ ...run, tokens: run.tokens.slice(0, length), generatedTokens: length - run.promptTokens, status: length < run.tokens.length ? { kind: 'running' } : run.status })
  const original = run.parent ? fixtureRun('plain') : null
  view = { ...view, run: part(run.promptTokens), original }
  await panel.showView({ ...view, selectedToken: null })
  for (let length = run.promptTokens + 1; length <= Math.min(stop, run.tokens.length); length++) {
    view = { ...view, run: part(length) }
    await panel.growRun(view.run!)
    await new Promise((resolve) => setTimeout(resolve, 33))
  }
}

function applyTheme(name: ThemeName): void {
  const theme = THEMES[name]
  document.body.className = theme.kind
  document.body.dataset['vscodeThemeKind'] = theme.kind
  for (const [variable, value] of Object.entries(theme.variables)) document.documentElement.style.setProperty(`--vscode-${variable}`, value)
}
