// The Scope panel's contract with its host: two interfaces of async methods over plain values, one typed channel.
import type { FeatureHeat, LayerReading, PinsAndEdits, RunDetail, RunFault, RunSummary, TokenFeatures } from './requests'
import type { FeatureDescription, FeatureId } from './values'

/** What the panel shows; the host sends it whole when the run changes. */
export interface ScopeView {
  /** Null while there is no run: the panel shows its empty state. */
  readonly run: RunDetail | null
  /** The run that `run` is compared with: the one that `compareWith` named, else its parent; null when it is no re-run. */
  readonly original: RunDetail | null
  /** What it can be compared with: its parent, the parent of that, and so on. */
  readonly ancestors: readonly RunSummary[]
  /** What the run did wrong as far as was noticed; empty while it goes on. */
  readonly faults: readonly RunFault[]
  readonly selectedToken: number | null
  /** The feature whose activation is charted here and painted over the editor's text. */
  readonly chosenFeature: FeatureId | null
  readonly pinsAndEdits: PinsAndEdits
  /** What is being read of a run that has ended. */
  readonly reading: LayerReading | null
}

/** What the panel asks of the editor. Every method resolves when the editor has done it and rejects with the reason if it cannot. */
export interface ScopeHostApi {
  /** Must be called once, when the panel can draw; answers with what to show. */
  ready(): Promise<ScopeView>
  /** Selects the token in the editor too. */
  selectToken(runId: string, index: number): Promise<void>
  /** Paints the feature's activation over the editor's text; null takes the paint away. */
  chooseFeature(feature: FeatureId | null): Promise<void>
  heat(runId: string, feature: FeatureId): Promise<FeatureHeat>
  /** The features that tell most about a token, in the order that hovers have, and all that fire on it. */
  tokenFeatures(runId: string, token: number): Promise<TokenFeatures>
  /** The most that each feature reaches in a run. */
  greatest(runId: string, features: readonly FeatureId[]): Promise<readonly number[]>
  /**
   * Reads layers of a run, `all` those that it can have; they arrive through `showView`. Only what the user asks for may load a model: else nothing
   * is read while the run's model is not loaded.
   */
  readLayers(runId: string, layers: readonly number[] | 'all', userAsks: boolean): Promise<void>
  /** Stops what is being read of a run. */
  cancelReading(runId: string): Promise<void>
  /** The layers that the user has unfolded: the next run of a large model reads them while it generates. */
  showLayers(layers: readonly number[]): Promise<void>
  describe(features: readonly FeatureId[]): Promise<readonly FeatureDescription[]>
  setPinned(feature: FeatureId, pinned: boolean): Promise<void>
  /** Adds an edit line, `L14/6159 = 0`. */
  addEdit(line: string): Promise<void>
  removeEdit(id: string): Promise<void>
  undoEdits(): Promise<void>
  /** Runs the prompt again with the current edits; the new run arrives through `showView`. */
  rerun(runId: string): Promise<void>
  /** Compares the run shown with this ancestor of it from now on; the new view arrives through `showView`. */
  compareWith(ancestorRunId: string): Promise<void>
  /** Lets the user choose among features whose suppression may mend the run's fault. */
  suggestSuppressions(runId: string): Promise<void>
  cancelRun(runId: string): Promise<void>
  openDiff(originalRunId: string, runId: string): Promise<void>
  /** Opens a sample or the current prompt and runs it: the empty state's button. */
  runPrompt(): Promise<void>
}

/** What the editor tells the panel. */
export interface ScopePanelApi {
  showView(view: ScopeView): Promise<void>
  /** The run grew while streaming: the same run with more tokens. */
  growRun(run: RunDetail): Promise<void>
  selectToken(runId: string, index: number): Promise<void>
  showFeature(feature: FeatureId | null): Promise<void>
  showPinsAndEdits(state: PinsAndEdits): Promise<void>
  showReading(reading: LayerReading | null): Promise<void>
}
