// Every message between the editor and the worker beyond the language server protocol: name, direction and types in one place.
// All requests can be cancelled; those that may take long report work-done progress through `workDoneToken`.
import type { DownloadChoice, DownloadPlan } from './download'
import type {
  EditReport, FeatureActivation, FeatureDescription, FeatureId, ModelIdentity, Pairing, PairingKind, Precision, PrecisionChoice, PrecisionCost, Progress, RunTiming, SaeIdentity, SaeOrigin, Sampling, TextRange, TokenAlternative,
} from './values'

/** A request from the editor to the worker, typed by its parameters and result. */
export interface RequestName<Params, Result> {
  readonly method: string
  /** Never set; carries the types. */
  readonly types?: (params: Params) => Result
}

/** A notification from the worker to the editor. */
export interface NotificationName<Params> {
  readonly method: string
  readonly types?: (params: Params) => void
}

const request = <Params, Result>(method: string): RequestName<Params, Result> => ({ method: `promptscope/${method}` })
const notification = <Params>(method: string): NotificationName<Params> => ({ method: `promptscope/${method}` })

// --- Settings and start ---------------------------------------------------------------------------------------------

/** The user's settings, sent whole at start (as `initializationOptions.settings`) and after every change. */
export interface WorkerSettings {
  /** Checkpoint folder; empty means the demo model. */
  readonly model: string
  /** SAE set folder; empty means the set that belongs to the model, if one is found. */
  readonly sae: string
  readonly precision: PrecisionChoice
  /** Execution providers in order of preference, for example ['cuda', 'cpu']. */
  readonly providers: readonly string[]
  /** Layers whose features are read while a run generates; empty means all where that costs little, else those on screen. */
  readonly layers: readonly number[]
  /** Tokens to generate when the prompt file does not say. */
  readonly generate: number
  readonly sampling: Sampling
  /** Folders searched for models. */
  readonly modelFolders: readonly string[]
  /** Most bytes of quantised weights that stay on disk; null for no limit. */
  readonly cacheLimitBytes: number | null
}

/** What the editor tells the worker when it starts. */
export interface WorkerOptions {
  /** Folder that the worker owns: runs, edits and pins are kept here. Null keeps them in memory only. */
  readonly storageFolder: string | null
  readonly settings: WorkerSettings
}

export const settingsChanged = request<WorkerSettings, null>('settings/changed')

// --- Model ------------------------------------------------------------------------------------------------------------

export type ModelState =
  | { readonly kind: 'none' }
  | { readonly kind: 'loading'; readonly path: string; readonly progress: Progress }
  | { readonly kind: 'ready'; readonly name: string; readonly model: ModelIdentity; readonly sae: SaeIdentity | null; readonly saeOrigin: SaeOrigin | null; readonly pairing: Pairing | null; readonly saeLayers: readonly number[]; readonly contextLength: number; readonly parameters: number; readonly memoryBytes: number; readonly loadMs: number; readonly fallbacks: readonly string[]; readonly tokensPerSecond: number | null; readonly quantised: StoredPrecision | null }
  | { readonly kind: 'failed'; readonly path: string; readonly message: string; readonly remedy: string }

/** Where a model or SAE set was found. */
export type ModelSource = 'demo' | 'huggingface' | 'modelscope' | 'folder'

/** A precision's weights as they were written to disk once. */
export interface StoredPrecision {
  readonly bytes: number
  /** What it was found to cost in accuracy; null when that has not been measured yet, or with another SAE set. */
  readonly cost: PrecisionCost | null
}

/** What one precision takes, and whether this machine has it. */
export interface PrecisionFit {
  readonly precision: Precision
  /** Memory, estimated. */
  readonly bytesNeeded: number
  /** What the first use writes to disk; 0 for `exact`, which writes nothing. */
  readonly diskBytes: number
  /** Null when nothing lies on disk for it, or not all of it. */
  readonly stored: StoredPrecision | null
  readonly fits: boolean
  /** Why it does not fit or cannot be used, with numbers; null when it can. */
  readonly problem: string | null
  /** Whether the largest GPU would hold it, and why not. */
  readonly gpu: { readonly fits: boolean; readonly note: string }
}

/** An SAE set beside or for a model. */
export interface SaeListing {
  readonly path: string
  readonly name: string
  readonly layout: string
  /** Layers that are on disk. */
  readonly layers: readonly number[]
  /** True for every pairing that can be loaded. */
  readonly matches: boolean
  readonly pairing: PairingKind
  readonly note: string
}

/** A checkpoint that was found on disk, and what it would take to run it. */
export interface ModelListing {
  readonly name: string
  readonly path: string
  readonly source: ModelSource
  /** Of a hub's cache: the commit, and the names that point to it (`main`); null elsewhere. */
  readonly revision: { readonly commit: string; readonly refs: readonly string[] } | null
  /** Every precision, `exact` first. */
  readonly precisions: readonly PrecisionFit[]
  /** For example `qwen3`; null when the architecture is not supported. */
  readonly architecture: string | null
  readonly layers: number
  readonly dModel: number
  readonly parameters: number
  /** Of `exact`. */
  readonly bytesNeeded: number
  readonly fits: boolean
  /** Those that match first. */
  readonly saeSets: readonly SaeListing[]
  /** Why it cannot be used, or null. */
  readonly problem: string | null
}

export const modelState = request<null, ModelState>('model/state')
/** Loads the model named by the settings, or does nothing when it is loaded. */
export const loadModel = request<null, ModelState>('model/load')
export const unloadModel = request<null, ModelState>('model/unload')
export const listModels = request<null, readonly ModelListing[]>('model/list')
export const modelChanged = notification<ModelState>('model/changed')

// --- Precisions and what they keep on disk --------------------------------------------------------------------------------

/** The precisions of the model that the settings mean, with what is known of each. */
export interface PrecisionChoices {
  readonly model: string
  /** Every precision, `exact` first. */
  readonly fits: readonly PrecisionFit[]
  /** What `auto` would take now. */
  readonly auto: Precision
  /** Memory that is free now, and room on the disk where weights are written. */
  readonly freeBytes: number
  readonly freeDiskBytes: number
}

export const precisionChoices = request<null, PrecisionChoices>('precision/choices')
/** Measures what the loaded model's precision costs against `exact`, and keeps it; takes seconds. Rejects when the model is exact or not loaded. */
export const measurePrecision = request<null, PrecisionCost>('precision/measure')

/** Quantised weights on disk: a model's at a precision, or encoders of an SAE set. */
export interface QuantisedEntry {
  /** Absolute; also what names the entry. */
  readonly folder: string
  /** One that is damaged does not say what it is of. */
  readonly kind: 'weights' | 'encoders' | 'damaged'
  /** The model's folder and its precision; null for other kinds. */
  readonly model: string | null
  readonly precision: Precision | null
  /** Of the model or the SAE set, for people. */
  readonly name: string
  readonly bytes: number
  /** ISO 8601. */
  readonly lastUsed: string
  /** False when writing was interrupted: the next use goes on there. */
  readonly isComplete: boolean
  readonly cost: PrecisionCost | null
}

export interface QuantisedListing {
  readonly folder: string
  /** Last used first. */
  readonly entries: readonly QuantisedEntry[]
}

export const listQuantised = request<null, QuantisedListing>('precision/list')
/** Deletes these entries for good and answers with the bytes that are free for it; the next use writes them again. The loaded model's is refused. */
export const removeQuantised = request<{ readonly folders: readonly string[] }, { readonly bytes: number }>('precision/remove')
/** Compares an entry with its checksums; false when it is damaged. */
export const verifyQuantised = request<{ readonly folder: string }, boolean>('precision/verify')

// --- The hub ----------------------------------------------------------------------------------------------------------

/** The hub's answer to a plan; it may want a token first, or one with more rights. */
export type PlanAnswer =
  | { readonly kind: 'plan'; readonly plan: DownloadPlan }
  | { readonly kind: 'accessNeeded'; readonly message: string; readonly remedy: string }

/** Asks the hub what a download takes; moves no weights. */
export const planDownload = request<DownloadChoice, PlanAnswer>('hub/plan')
/** Downloads what the plan of this choice says and answers with its folder; cancelled, what has come is kept and the next one goes on there. */
export const download = request<DownloadChoice, { readonly folder: string }>('hub/download')

// --- The debugger -------------------------------------------------------------------------------------------------------

/**
 * Opens a debug adapter for one session: a Unix socket in a folder of its own that only this user can enter, or a named pipe of Windows. It takes
 * one connection, within a short time, and the session ends with it.
 */
export const openDebugPipe = request<null, { readonly path: string }>('debug/open')

/** A word that the condition of a breakpoint may begin with; `insert` is what is written. */
export interface ConditionWord {
  readonly label: string
  readonly insert: string
  readonly isFeature: boolean
  /** One sentence without a full stop. */
  readonly help: string
}

/** Best first. */
export const conditionWords = request<null, readonly ConditionWord[]>('debug/conditionWords')

// --- Runs -------------------------------------------------------------------------------------------------------------

export type RunStatus =
  | { readonly kind: 'running' }
  /** Stands in the debugger and may go on; everything about its tokens is known and can be asked for. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'done'; readonly reason: 'length' | 'stop' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly message: string; readonly remedy: string }

/** A run in one line of a list. */
export interface RunSummary {
  readonly id: string
  /** Short and unique among the runs of this prompt: `greeting.prompt #3`. */
  readonly name: string
  readonly promptUri: string | null
  /** ISO 8601. */
  readonly createdAt: string
  readonly status: RunStatus
  readonly model: ModelIdentity
  readonly sae: SaeIdentity | null
  readonly sampling: Sampling
  readonly generate: number
  /** Edit lines that were active. */
  readonly edits: readonly EditReport[]
  readonly promptTokens: number
  readonly generatedTokens: number
  /** First words of the completion. */
  readonly preview: string
  /** Set when this is a re-run: the run it came from and the first token position that was computed anew. */
  readonly parent: { readonly runId: string; readonly firstRecomputed: number } | null
  readonly timing: RunTiming
}

/** A token with its places: `range` in the run document (rendered prompt, then completion), `promptRange` in the prompt file when it came from there. */
export interface PlacedToken {
  readonly index: number
  readonly id: number
  /** Text that this token completes; a token that ends inside a character has the empty text. */
  readonly text: string
  /** The token's own bytes as text for display: `⟨e4⟩` where they are not whole characters. */
  readonly display: string
  readonly range: TextRange
  readonly promptRange: TextRange | null
  readonly generated: boolean
}

/** One token of a run. */
export interface RunToken extends PlacedToken {
  readonly logprob: number | null
  readonly alternatives: readonly TokenAlternative[]
  /** True at position 0 and where the residual norm is far above the median: features there are out of distribution. */
  readonly outlier: boolean
}

/**
 * All that is known about a run but its features, which take megabytes a layer: `tokenFeatures`, `featureHeat` and `greatestActivations` answer
 * for what is looked at. `text` is the run document: rendered prompt, then completion.
 */
export interface RunDetail extends RunSummary {
  readonly text: string
  readonly generatedStart: number
  readonly tokens: readonly RunToken[]
  /** Layers whose features have been read, each on every token that the run has; ascending. */
  readonly layers: readonly number[]
  /** Layers that can be read: those of the SAE set. Those that are not in `layers` are read when they are asked for, once the run has ended. */
  readonly saeLayers: readonly number[]
  /** By layer that was read: the greatest activation of any feature, outlier tokens aside where others fire; never 0. */
  readonly layerScales: { readonly [layer: number]: number }
}

export interface StartRunParams {
  readonly promptUri: string
  /** The text as the editor shows it, saved or not. */
  readonly text: string
}

/** Starts a run of a prompt file with the current edits and answers when it ends; `runChanged` streams meanwhile. */
export const startRun = request<StartRunParams, RunSummary>('run/start')
/** Runs the same prompt, sampling and seed again with the current edits; answers when it ends. */
export const rerun = request<{ readonly runId: string }, RunSummary>('run/rerun')
export const cancelRun = request<{ readonly runId: string }, null>('run/cancel')
export const listRuns = request<null, readonly RunSummary[]>('run/list')
/** Null when there is no such run. */
export const getRun = request<{ readonly runId: string }, RunDetail | null>('run/get')
export const deleteRun = request<{ readonly runId: string }, null>('run/delete')
/** Brings back the run deleted last; null when there is none. */
export const restoreRun = request<null, RunSummary | null>('run/restore')
/**
 * A run began, grew, ended or was deleted. `text` is what the run document holds now; null when the run is gone.
 * Sent at most about 30 times a second.
 */
export const runChanged = notification<{ readonly summary: RunSummary; readonly text: string | null; readonly generatedStart: number }>('run/changed')

/** What is being read of a run that has ended. */
export interface LayerReading {
  readonly runId: string
  /** Layers still to come, ascending. */
  readonly layers: readonly number[]
  /** Layers that were read since the first of these was asked for, and all of them. */
  readonly done: number
  readonly total: number
  /** Share of the work in hand that is done, 0..1; null while it waits for a run or for its turn. */
  readonly fraction: number | null
}
/**
 * Reads layers of a run that has ended, `all` those of its SAE set, and keeps them with it; answers when they are there. A new run goes first:
 * reading waits for it and goes on after it. What has been read when it is cancelled is kept. Rejects when another model is loaded.
 */
export const readLayers = request<{ readonly runId: string; readonly layers: readonly number[] | 'all' }, null>('run/readLayers')
/** Stops whatever is being read of a run, whoever asked for it. */
export const cancelReading = request<{ readonly runId: string }, null>('run/cancelReading')
/** What is being read now; null when nothing is. Sent a few times a second. */
export const readingChanged = notification<LayerReading | null>('run/reading')
/** Layers of a run have been read: what was asked about them before may be answered otherwise now. */
export const layersRead = notification<{ readonly runId: string; readonly layers: readonly number[] }>('run/layersRead')
/** Layers that are looked at now, by a panel or as paint: a run whose model is too large to read all layers while it generates reads these. */
export const layersOnScreen = request<{ readonly layers: readonly number[] }, null>('run/layersOnScreen')

/** One feature's activation on each token of a run, 0 where it is not among the top k. */
export interface FeatureHeat {
  readonly runId: string
  readonly feature: FeatureId
  readonly activations: readonly number[]
  /** After the layer's edits; null where no edit touched the layer. */
  readonly after: readonly number[] | null
  readonly max: number
}
/** Rejects for a layer that has not been read. */
export const featureHeat = request<{ readonly runId: string; readonly feature: FeatureId }, FeatureHeat>('run/heat')

/** Something that a run did wrong and that was noticed without being asked for: the completion changed language, or went round in a loop. */
export interface RunFault {
  readonly kind: 'languageSwitch' | 'loop'
  /** For people, lower case, without a full stop: `completion switches from Latin to Han script at token 31`. */
  readonly message: string
  /** Token indices that show it: what to give to `contrastFeatures`. */
  readonly tokens: readonly number[]
}
/** Empty when nothing was noticed or there is no such run. */
export const runFaults = request<{ readonly runId: string }, readonly RunFault[]>('run/faults')

/** The token at an offset of the run document or the prompt file, and in which run; null when there is none. */
export const tokenAt = request<{ readonly uri: string; readonly offset: number }, { readonly runId: string; readonly index: number } | null>('run/tokenAt')

// --- Edits, pins, features --------------------------------------------------------------------------------------------

/** An edit in the list that applies to every new run. */
export interface EditEntry {
  readonly id: string
  readonly line: string
  readonly feature: FeatureId
  readonly enabled: boolean
}

export interface PinsAndEdits {
  readonly pins: readonly FeatureId[]
  readonly edits: readonly EditEntry[]
  /** Words for the change that `undo` would take back, or null. */
  readonly undo: string | null
}

export const pinsAndEdits = request<null, PinsAndEdits>('edits/state')
/** What is wrong with an edit line, for an input box while the user types; null when it is fine. Changes nothing. */
export const checkEdit = request<{ readonly line: string }, { readonly message: string; readonly remedy: string } | null>('edits/check')
/** Adds an edit, replacing an earlier one of the same feature and positions. Rejects with the line's problem. */
export const addEdit = request<{ readonly line: string }, PinsAndEdits>('edits/add')
export const removeEdit = request<{ readonly id: string }, PinsAndEdits>('edits/remove')
export const enableEdit = request<{ readonly id: string; readonly enabled: boolean }, PinsAndEdits>('edits/enable')
export const clearEdits = request<null, PinsAndEdits>('edits/clear')
/** Replaces all edits by the lines of a .steer file; rejects, changing nothing, if a line is wrong. */
export const importEdits = request<{ readonly text: string }, PinsAndEdits>('edits/import')
export const setPinned = request<{ readonly feature: FeatureId; readonly pinned: boolean }, PinsAndEdits>('edits/pin')
export const undoEdits = request<null, PinsAndEdits>('edits/undo')
export const pinsAndEditsChanged = notification<PinsAndEdits>('edits/changed')

export const describeFeatures = request<{ readonly features: readonly FeatureId[] }, readonly FeatureDescription[]>('features/describe')

/** What a bar is a share of: `strength` of the feature's own maximum, `share` of the greatest activation of its layer in this run. */
export type BarMeasure = 'strength' | 'share'

/** One layer's features on a token. */
export interface LayerFeatures {
  readonly layer: number
  /** Of the residual as it arrived, highest first. */
  readonly features: readonly FeatureActivation[]
  /** The same after the edits; null where no edit touched the layer. */
  readonly after: readonly FeatureActivation[] | null
}

/** What is listed for a token, in order, and all that fires on it. */
export interface TokenFeatures {
  /** Layers that were read, ascending. */
  readonly layers: readonly LayerFeatures[]
  readonly measure: BarMeasure
  readonly features: readonly {
    readonly feature: FeatureId
    /** 0..1. */
    readonly bar: number
    /** True where a fault begins and the feature comes to the fore with it; those come first. */
    readonly isSuspect: boolean
  }[]
}
/**
 * The features that tell most about a token of a run, chosen for being strong for themselves and rare elsewhere, in the order that hovers and the
 * terminal have. Empty when the run has no such token.
 */
export const tokenFeatures = request<{ readonly runId: string; readonly token: number }, TokenFeatures>('features/ofToken')
/** The most that each feature reaches in a run, outlier tokens aside; 0 where it does not fire or its layer was not read. */
export const greatestActivations = request<{ readonly runId: string; readonly features: readonly FeatureId[] }, readonly number[]>('features/greatest')

/** How much of the residuals of a layer its SAE leaves unexplained: the mean over `tokens` tokens of ‖x − x̂‖² / ‖x‖². */
export interface LayerFit {
  readonly layer: number
  readonly unexplained: number
  readonly tokens: number
}

/**
 * Reads a run's text once more and measures how well the SAE set explains the model on it, so that a set of another model shows. Layers
 * ascending; `isPoor` when most are explained so badly that the set does not seem to belong to the model.
 */
export const checkSaeFit = request<{ readonly runId: string }, { readonly layers: readonly LayerFit[]; readonly isPoor: boolean }>('features/fit')

/** A feature ranked by how much more it fires on some tokens of a run than on the others. */
export interface FeatureContrast {
  readonly feature: FeatureId
  /** Mean activation on the chosen tokens and on all other tokens except position 0. */
  readonly meanOn: number
  readonly meanOff: number
  /** meanOn − meanOff, in units of the mean residual norm of the layer's tokens where known; higher is more specific. */
  readonly score: number
  readonly description: FeatureDescription
}
/** Ranks features that may explain the chosen tokens: what to suppress to be rid of them. */
export const contrastFeatures = request<{ readonly runId: string; readonly tokens: readonly number[]; readonly count: number }, readonly FeatureContrast[]>('features/contrast')

/** A feature whose suppression was tried on the text that went wrong; both numbers in nats of log-probability. */
export interface SuppressionProposal extends FeatureContrast {
  /** How much less likely the fault becomes while the text is the same: of a switch, any token of the other script; of a loop, that it comes to be one. */
  readonly faultDrop: number
  /** How much each of the completion's other tokens changes, up or down: the harm done beside. */
  readonly sideEffect: number
}
/**
 * Features to suppress to be rid of a run's first fault (see `runFaults`), best first: ranked by contrast and then each tried on the model, which
 * takes seconds. Empty when the run has no fault or nothing helps.
 */
export const proposeSuppressions = request<{ readonly runId: string; readonly count: number }, readonly SuppressionProposal[]>('features/propose')

/** Codes of the errors that requests reject with; `data` is `{ remedy }` for bad input. */
export const ERROR_INPUT = -32010
