// What the Scope panel knows, and how each event changes it. Pure: no DOM, no host.
import type { ScopeView } from '../../server/protocol/scopePanel'
import type { FeatureHeat, LayerReading, PinsAndEdits, RunDetail, RunFault, RunSummary, TokenFeatures } from '../../server/protocol/requests'
import type { FeatureDescription, FeatureId } from '../../server/protocol/values'
import { featureName, sameFeature } from './format'

/** A sentence for the user and one thing to do. */
export interface Problem {
  readonly message: string
  readonly remedy: string | null
}

/** The call to the host that the user waits for. */
export type PendingRequest = 'run' | 'rerun' | 'cancel'

/** A token's features, as the host ranked them. */
export interface Ranking {
  /** What the run was when this was asked for: its tokens, the layers that had been read, and whether it had ended. */
  readonly ofTokens: number
  readonly ofLayers: number
  readonly ofEndedRun: boolean
  /** Null when the host could not say. */
  readonly listed: TokenFeatures | null
}

/** Everything the views draw from. */
export interface ScopeState {
  /** False until the host has answered for the first time. */
  readonly loaded: boolean
  readonly run: RunDetail | null
  /** The run that `run` is compared with. */
  readonly original: RunDetail | null
  /** The runs that it can be compared with, nearest first. */
  readonly ancestors: readonly RunSummary[]
  readonly faults: readonly RunFault[]
  /** May lie past the end while a re-run grows; `selectedToken` in selectors.ts checks. */
  readonly selectedIndex: number | null
  readonly chosenFeature: FeatureId | null
  /** The host's activations of the chosen feature on this run, when they have arrived. */
  readonly heat: FeatureHeat | null
  /** By token index, of the run shown. */
  readonly rankings: Readonly<Record<number, Ranking>>
  /** By feature name: the most that it reaches in the run shown, as far as it has been asked for. */
  readonly greatest: Readonly<Record<string, number>>
  /** What is being read of a run, not always of the one shown. */
  readonly reading: LayerReading | null
  /** By feature name. */
  readonly descriptions: Readonly<Record<string, FeatureDescription>>
  readonly pinsAndEdits: PinsAndEdits
  /** Layers whose features are unfolded. */
  readonly openLayers: readonly number[]
  readonly pending: PendingRequest | null
  readonly problem: Problem | null
}

/** What the panel remembers by itself while it is hidden; the host keeps everything else. */
export interface SavedScope {
  readonly runId: string | null
  readonly selectedIndex: number | null
  readonly chosenFeature: FeatureId | null
  readonly openLayers: readonly number[]
}

/** All that can happen to the panel, from the user or from the host. */
export type ScopeEvent =
  | { readonly kind: 'viewShown'; readonly view: ScopeView; readonly saved?: SavedScope | null }
  | { readonly kind: 'runGrew'; readonly run: RunDetail }
  | { readonly kind: 'tokenSelected'; readonly index: number }
  | { readonly kind: 'featureChosen'; readonly feature: FeatureId | null }
  | { readonly kind: 'heatArrived'; readonly heat: FeatureHeat }
  | { readonly kind: 'featuresRanked'; readonly runId: string; readonly index: number; readonly ranking: Ranking }
  | { readonly kind: 'greatestArrived'; readonly runId: string; readonly greatest: Readonly<Record<string, number>> }
  | { readonly kind: 'readingChanged'; readonly reading: LayerReading | null }
  | { readonly kind: 'featuresDescribed'; readonly descriptions: readonly FeatureDescription[] }
  | { readonly kind: 'editsChanged'; readonly pinsAndEdits: PinsAndEdits }
  | { readonly kind: 'layerUnfolded'; readonly layer: number; readonly open: boolean }
  | { readonly kind: 'requestStarted'; readonly request: PendingRequest }
  | { readonly kind: 'requestEnded'; readonly problem: Problem | null }
  | { readonly kind: 'problemDismissed' }

/** Before the host has answered. */
export const INITIAL_STATE: ScopeState = {
  loaded: false,
  run: null,
  original: null,
  ancestors: [],
  faults: [],
  selectedIndex: null,
  chosenFeature: null,
  heat: null,
  rankings: {},
  greatest: {},
  reading: null,
  descriptions: {},
  pinsAndEdits: { pins: [], edits: [], undo: null },
  openLayers: [],
  pending: null,
  problem: null,
}

/** The state after an event; the same object when nothing changed. */
export function nextState(state: ScopeState, event: ScopeEvent): ScopeState {
  switch (event.kind) {
    case 'viewShown':
      return showView(state, event.view, event.saved ?? null)
    case 'runGrew':
      return state.run?.id === event.run.id ? { ...state, run: event.run } : state
    case 'tokenSelected':
      return state.selectedIndex === event.index ? state : { ...state, selectedIndex: event.index }
    case 'featureChosen':
      return sameFeature(state.chosenFeature, event.feature) ? state : { ...state, chosenFeature: event.feature, heat: null }
    case 'heatArrived':
      return belongs(event.heat, state) ? { ...state, heat: event.heat } : state
    case 'featuresRanked':
      return event.runId === state.run?.id ? { ...state, rankings: { ...state.rankings, [event.index]: event.ranking } } : state
    case 'greatestArrived':
      return event.runId === state.run?.id ? { ...state, greatest: { ...state.greatest, ...event.greatest } } : state
    case 'readingChanged':
      return { ...state, reading: event.reading }
    case 'featuresDescribed':
      return { ...state, descriptions: { ...state.descriptions, ...Object.fromEntries(event.descriptions.map((each) => [featureName(each.feature), each])) } }
    case 'editsChanged':
      return { ...state, pinsAndEdits: event.pinsAndEdits }
    case 'layerUnfolded':
      return { ...state, openLayers: event.open ? [...new Set([...state.openLayers, event.layer])] : state.openLayers.filter((layer) => layer !== event.layer) }
    case 'requestStarted':
      return { ...state, pending: event.request, problem: null }
    case 'requestEnded':
      return { ...state, pending: null, problem: event.problem ?? state.problem }
    case 'problemDismissed':
      return { ...state, problem: null }
  }
}

/** What to remember while hidden. */
export function savedScope(state: ScopeState): SavedScope {
  return { runId: state.run?.id ?? null, selectedIndex: state.selectedIndex, chosenFeature: state.chosenFeature, openLayers: state.openLayers }
}

/** Reads back what `savedScope` wrote; null when it is something else. */
export function readSavedScope(value: unknown): SavedScope | null {
  if (typeof value !== 'object' || value === null || !('openLayers' in value) || !Array.isArray(value.openLayers)) return null
  return value as SavedScope
}

/** The host's word goes first; where it is silent, what was selected stays if it is about the same prompt. */
function showView(state: ScopeState, view: ScopeView, saved: SavedScope | null): ScopeState {
  const { run } = view
  const sameRun = run !== null && run.id === state.run?.id
  const samePrompt = sameRun || (run !== null && state.run !== null && (isRerun(run, state.run) || samePromptTokens(run, state.run)))
  // A panel that was covered while its run was made again comes back on the new run.
  const savedHere = saved?.runId && (saved.runId === run?.id || saved.runId === run?.parent?.runId) ? saved : null
  const chosenFeature = view.chosenFeature ?? savedHere?.chosenFeature ?? null
  return {
    ...state,
    loaded: true,
    run,
    original: view.original,
    ancestors: view.ancestors,
    faults: view.faults,
    selectedIndex: view.selectedToken ?? (samePrompt ? state.selectedIndex : (savedHere?.selectedIndex ?? null)),
    chosenFeature,
    // What the host could not rank it may be able to now.
    rankings: sameRun ? Object.fromEntries(Object.entries(state.rankings).filter(([, { listed }]) => listed !== null)) : {},
    greatest: sameRun ? state.greatest : {},
    reading: view.reading,
    heat: sameRun && sameFeature(chosenFeature, state.chosenFeature) ? state.heat : null,
    pinsAndEdits: view.pinsAndEdits,
    openLayers: state.loaded ? state.openLayers : (saved?.openLayers ?? []),
  }
}

/** A run that has just begun may have no tokens to compare yet, but it knows where it comes from. */
function isRerun(run: RunDetail, before: RunDetail): boolean {
  return run.parent !== null && (run.parent.runId === before.id || run.parent.runId === before.parent?.runId)
}

function samePromptTokens(a: RunDetail, b: RunDetail): boolean {
  if (a.promptUri !== b.promptUri || a.promptTokens !== b.promptTokens) return false
  for (let i = 0; i < a.promptTokens; i++) if (a.tokens[i]?.id !== b.tokens[i]?.id) return false
  return true
}

function belongs(heat: FeatureHeat, state: ScopeState): boolean {
  return heat.runId === state.run?.id && sameFeature(heat.feature, state.chosenFeature)
}
