// Joins state and host: what the user does becomes events and calls, what the host says becomes events. No DOM.
import type { ScopeHostApi, ScopePanelApi } from '../../server/protocol/scopePanel'
import type { RunDetail } from '../../server/protocol/requests'
import type { FeatureId } from '../../server/protocol/values'
import { boost, boostLine, suppressLine, suppression } from './editLine'
import { featureName, sameFeature } from './format'
import { createSelectionLink } from './selectionLink'
import { isRanked, layerState, selectedToken, shownFeatures } from './selectors'
import { INITIAL_STATE, nextState, type PendingRequest, type Problem, type SavedScope, type ScopeEvent, type ScopeState } from './state'

/** Everything a user can do in the panel. */
export interface ScopeActions {
  readonly selectToken: (index: number) => void
  /** Chooses the feature, or takes the choice back when it is chosen already. */
  readonly toggleChosen: (feature: FeatureId) => void
  readonly togglePinned: (feature: FeatureId) => void
  /** Suppresses the feature on all tokens, or takes that back. */
  readonly toggleSuppressed: (feature: FeatureId) => void
  /** Adds `units` times the feature's usual activation; 0 takes the boost back. */
  readonly setBoost: (feature: FeatureId, units: number, unit: number) => void
  readonly removeEdit: (id: string) => void
  readonly undo: () => void
  readonly rerun: () => void
  readonly cancel: () => void
  readonly openDiff: () => void
  readonly compareWith: (ancestorRunId: string) => void
  readonly suggestSuppressions: () => void
  readonly runPrompt: () => void
  /** Unfolding a layer that has not been read reads it. */
  readonly unfoldLayer: (layer: number, open: boolean) => void
  readonly readAllLayers: () => void
  readonly cancelReading: () => void
  readonly dismissProblem: () => void
}

/** The panel without its looks. */
export interface Controller {
  readonly actions: ScopeActions
  /** What the host may call. */
  readonly panel: ScopePanelApi
  state(): ScopeState
  /** Must be called once: asks the host what to show. */
  start(): Promise<void>
}

/** `changed` is called after every change of the state; `host` is asked for lazily because host and panel need each other. */
export function createController(host: () => ScopeHostApi, saved: SavedScope | null, changed: (state: ScopeState) => void): Controller {
  let state = INITIAL_STATE
  const asked = new Set<string>()
  const link = createSelectionLink((runId, index) => host().selectToken(runId, index))

  const happen = (event: ScopeEvent): void => {
    const previous = state
    state = nextState(state, event)
    if (state === previous) return
    changed(state)
    if (!sameFeature(state.chosenFeature, previous.chosenFeature)) heatAsked = ''
    askForLayers()
    askForHeat()
    askForRanking()
    askForDescriptions()
    askForGreatest()
    if (state.openLayers !== previous.openLayers || state.loaded !== previous.loaded) host().showLayers(state.openLayers).catch(ignore)
  }

  const layersAsked = new Set<string>()
  /** A branch of the debugger goes on after layers of it were read. */
  const askedKey = (run: RunDetail, layer: number): string => `${run.id} ${run.tokens.length} ${layer}`
  /** Layers of the run shown that are looked at and have not been read: those of open lists, of pins and of the chosen feature. */
  const askForLayers = (): void => {
    const { run } = state
    if (!run || run.status.kind === 'running') return
    const lookedAt = [...state.openLayers, ...state.pinsAndEdits.pins.map(({ layer }) => layer), ...(state.chosenFeature ? [state.chosenFeature.layer] : [])]
    const layers = [...new Set(lookedAt)].filter((layer) => run.saeLayers.includes(layer) && layerState(state, layer) === 'unread' && !layersAsked.has(askedKey(run, layer)))
    if (layers.length > 0) readLayers(layers, false)
  }
  /** What was asked for once and did not come is read again only when the user asks. */
  const readLayers = (layers: readonly number[] | 'all', userAsks: boolean): void => {
    const { run } = state
    if (!run) return
    if (layers !== 'all') for (const layer of layers) layersAsked.add(askedKey(run, layer))
    attempt(host().readLayers(run.id, layers, userAsks))
  }
  const readOnDemand = (layer: number): void => {
    const { run } = state
    if (run && run.status.kind !== 'running' && run.saeLayers.includes(layer) && layerState(state, layer) === 'unread') readLayers([layer], true)
  }

  let heatUnderWay = false
  let heatAsked = ''
  /** One at a time, and again when the run has grown or ended. */
  const askForHeat = (): void => {
    const { run, chosenFeature } = state
    if (!run || !chosenFeature || heatUnderWay || !run.layers.includes(chosenFeature.layer)) return
    const wanted = `${run.id} ${featureName(chosenFeature)} ${run.tokens.length} ${run.status.kind}`
    if (wanted === heatAsked) return
    heatAsked = wanted
    heatUnderWay = true
    void host().heat(run.id, chosenFeature).then((heat) => happen({ kind: 'heatArrived', heat }), ignore).then(() => {
      heatUnderWay = false
      askForHeat()
    })
  }

  let rankingUnderWay = false
  /** One at a time: keys that run over the tokens, and a run that grows, ask for what is selected when the last answer is here. */
  const askForRanking = (): void => {
    const { run } = state
    const token = selectedToken(state)
    if (!run || !token || run.layers.length === 0 || rankingUnderWay || isRanked(state, token.index)) return
    rankingUnderWay = true
    const asked = { ofTokens: run.tokens.length, ofLayers: run.layers.length, ofEndedRun: run.status.kind !== 'running' }
    void host().tokenFeatures(run.id, token.index).catch(() => null).then((listed) => {
      rankingUnderWay = false
      happen({ kind: 'featuresRanked', runId: run.id, index: token.index, ranking: { ...asked, listed } })
      askForRanking()
    })
  }

  const askForDescriptions = (): void => {
    if (!state.run) return
    // Adding while filtering also leaves out a feature that is shown twice.
    const missing = shownFeatures(state).filter((feature) => !asked.has(featureName(feature)) && asked.add(featureName(feature)))
    if (missing.length === 0) return
    host().describe(missing).then((descriptions) => happen({ kind: 'featuresDescribed', descriptions }), ignore)
  }

  const greatestAsked = new Set<string>()
  /** How strong a feature gets tells what a boost is measured by where no label does; once while the run goes on, and once when it has ended. */
  const askForGreatest = (): void => {
    const { run } = state
    if (!run) return
    const isNews = ({ layer, feature }: FeatureId): boolean => {
      const key = `${run.id} ${run.status.kind} ${layer}/${feature}`
      return run.layers.includes(layer) && !greatestAsked.has(key) && greatestAsked.add(key).size > 0
    }
    const features = shownFeatures(state).filter(isNews)
    if (features.length === 0) return
    host().greatest(run.id, features).then((values) => {
      happen({ kind: 'greatestArrived', runId: run.id, greatest: Object.fromEntries(features.map((feature, place) => [featureName(feature), values[place] ?? 0])) })
    }, ignore)
  }

  /** Settles when the host has done, or refused, what was asked of the edits last. */
  let editsSettled: Promise<void> = Promise.resolve()
  const changeEdits = (call: Promise<void>): void => {
    attempt(call)
    editsSettled = call.catch(() => undefined)
  }
  const attempt = (call: Promise<void>): void => {
    call.catch((error: unknown) => happen({ kind: 'requestEnded', problem: problemOf(error) }))
  }
  const request = (kind: PendingRequest, call: () => Promise<void>): void => {
    if (state.pending === kind) return
    happen({ kind: 'requestStarted', request: kind })
    call().then(
      () => happen({ kind: 'requestEnded', problem: null }),
      (error: unknown) => happen({ kind: 'requestEnded', problem: problemOf(error) }),
    )
  }
  const withRun = (use: (runId: string) => void): void => {
    if (state.run) use(state.run.id)
  }

  const actions: ScopeActions = {
    selectToken: (index) =>
      withRun((runId) => {
        if (index === state.selectedIndex) return
        happen({ kind: 'tokenSelected', index })
        link.tell(runId, index)
      }),
    toggleChosen(feature) {
      const next = sameFeature(feature, state.chosenFeature) ? null : feature
      if (next) readOnDemand(next.layer)
      happen({ kind: 'featureChosen', feature: next })
      attempt(host().chooseFeature(next))
    },
    togglePinned(feature) {
      const pinned = state.pinsAndEdits.pins.some((pin) => sameFeature(pin, feature))
      if (!pinned) readOnDemand(feature.layer)
      attempt(host().setPinned(feature, !pinned))
    },
    toggleSuppressed(feature) {
      const edit = suppression(state.pinsAndEdits, feature)
      changeEdits(edit ? host().removeEdit(edit.id) : host().addEdit(suppressLine(feature)))
    },
    setBoost(feature, units, unit) {
      const edit = boost(state.pinsAndEdits, feature)
      if (units !== 0) changeEdits(host().addEdit(boostLine(feature, units, unit)))
      else if (edit) changeEdits(host().removeEdit(edit.id))
    },
    removeEdit: (id) => changeEdits(host().removeEdit(id)),
    undo: () => changeEdits(host().undoEdits()),
    rerun: () => withRun((runId) => request('rerun', () => editsSettled.then(() => host().rerun(runId)))),
    cancel: () => withRun((runId) => request('cancel', () => host().cancelRun(runId))),
    openDiff: () => withRun((runId) => state.original && attempt(host().openDiff(state.original.id, runId))),
    compareWith: (ancestorRunId) => attempt(host().compareWith(ancestorRunId)),
    suggestSuppressions: () => withRun((runId) => attempt(host().suggestSuppressions(runId))),
    runPrompt: () => request('run', () => host().runPrompt()),
    unfoldLayer: (layer, open) => {
      // A list that is open already says so again when it is drawn.
      if (open && !state.openLayers.includes(layer)) readOnDemand(layer)
      happen({ kind: 'layerUnfolded', layer, open })
    },
    readAllLayers: () => readLayers('all', true),
    cancelReading: () => withRun((runId) => attempt(host().cancelReading(runId))),
    dismissProblem: () => happen({ kind: 'problemDismissed' }),
  }

  const panel: ScopePanelApi = {
    showView: async (view) => happen({ kind: 'viewShown', view }),
    growRun: async (run) => happen({ kind: 'runGrew', run }),
    selectToken: async (runId, index) => {
      if (runId === state.run?.id && link.isNews()) happen({ kind: 'tokenSelected', index })
    },
    showFeature: async (feature) => happen({ kind: 'featureChosen', feature }),
    showReading: async (reading) => happen({ kind: 'readingChanged', reading }),
    showPinsAndEdits: async (pinsAndEdits) => happen({ kind: 'editsChanged', pinsAndEdits }),
  }

  return {
    actions,
    panel,
    state: () => state,
    async start() {
      try {
        const view = await host().ready()
        happen({ kind: 'viewShown', view, saved })
        // A feature that only the panel remembers, after the window was reloaded, is painted over the text again.
        if (view.chosenFeature === null && state.chosenFeature !== null) attempt(host().chooseFeature(state.chosenFeature))
      } catch (error) {
        happen({ kind: 'requestEnded', problem: problemOf(error) })
      }
    },
  }
}

/** Null for what the user asked to stop. */
function problemOf(error: unknown): Problem | null {
  if (!(error instanceof Error)) return { message: String(error), remedy: null }
  if (error.name === 'CancelledError') return null
  return { message: error.message, remedy: 'remedy' in error && typeof error.remedy === 'string' ? error.remedy : null }
}

/** Labels and exact heat only add to what is shown already: without them the panel still tells the truth. */
function ignore(): void {}
