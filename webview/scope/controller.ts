// Joins state and host: what the user does becomes events and calls, what the host says becomes events. No DOM.
import type { ScopeHostApi, ScopePanelApi } from '../../server/protocol/scopePanel'
import type { FeatureId } from '../../server/protocol/values'
import { boost, boostLine, suppressLine, suppression } from './editLine'
import { featureName, sameFeature } from './format'
import { createSelectionLink } from './selectionLink'
import { isRanked, selectedToken, shownFeatures } from './selectors'
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
  readonly unfoldLayer: (layer: number, open: boolean) => void
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
    askForHeat(previous)
    askForRanking()
    askForDescriptions()
  }

  /** The run's own table fills in while a run grows; the host's numbers are asked for once it stands still. */
  const askForHeat = (previous: ScopeState): void => {
    const { run, chosenFeature } = state
    if (!run || !chosenFeature || run.status.kind === 'running') return
    const unchanged = run.id === previous.run?.id && run.tokens.length === previous.run.tokens.length && run.status.kind === previous.run.status.kind
    if (unchanged && sameFeature(chosenFeature, previous.chosenFeature)) return
    host().heat(run.id, chosenFeature).then((heat) => happen({ kind: 'heatArrived', heat }), ignore)
  }

  let rankingUnderWay = false
  /** One at a time: keys that run over the tokens, and a run that grows, ask for what is selected when the last answer is here. */
  const askForRanking = (): void => {
    const { run } = state
    const token = selectedToken(state)
    if (!run || !token || run.layers.length === 0 || rankingUnderWay || isRanked(state, token.index)) return
    rankingUnderWay = true
    const asked = { ofTokens: run.tokens.length, ofEndedRun: run.status.kind !== 'running' }
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
      happen({ kind: 'featureChosen', feature: next })
      attempt(host().chooseFeature(next))
    },
    togglePinned(feature) {
      const pinned = state.pinsAndEdits.pins.some((pin) => sameFeature(pin, feature))
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
    unfoldLayer: (layer, open) => happen({ kind: 'layerUnfolded', layer, open }),
    dismissProblem: () => happen({ kind: 'problemDismissed' }),
  }

  const panel: ScopePanelApi = {
    showView: async (view) => happen({ kind: 'viewShown', view }),
    growRun: async (run) => happen({ kind: 'runGrew', run }),
    selectToken: async (runId, index) => {
      if (runId === state.run?.id && link.isNews()) happen({ kind: 'tokenSelected', index })
    },
    showFeature: async (feature) => happen({ kind: 'featureChosen', feature }),
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
