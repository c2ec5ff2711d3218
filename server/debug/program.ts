// What is debugged, seen from the debugger: a loaded model, a prompt that is cut into tokens, and where its branches are recorded.
import type { Engine, LoadedModel } from '../engine/engine'
import type { Edit, FeatureDescription, FeatureId, Progress, Sampling } from '../protocol/values'
import type { PreparedPrompt, RunTokenizer } from '../runs/preparePrompt'
import type { RunSettings } from '../runs/runSettings'
import type { LaunchArguments } from './launchArguments'
import type { DebugToken } from './branch'

/** The engine as the debugger uses it: it never loads or lets go. */
export type DebuggedEngine = Pick<Engine, 'generate' | 'read' | 'inspect'>

/** Opens what a launch names. The worker has one that shares its model with all runs; the command line has one of its own. */
export interface ProgramOpener {
  /** Loads the model if need be and reads the prompt. Throws InputError for whatever the launch names and cannot be had, CancelledError. */
  open(launch: LaunchArguments, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<DebuggedProgram>
}

export interface DebuggedProgram {
  readonly engine: DebuggedEngine
  readonly model: LoadedModel
  readonly tokenizer: RunTokenizer
  readonly prompt: PreparedPrompt
  /** Of the launch, the prompt's front matter and the user's settings, merged. `layers` are those whose features are shown, resolved: never empty with an SAE set. */
  readonly settings: RunSettings
  /**
   * Aborts when the model is gone under the session, also while it stands still: its engine has ended, or another model was loaded. The reason is
   * the InputError to end the session with; every call of the engine under way or made later rejects with it.
   */
  readonly lost: AbortSignal
  /** The prompt file's absolute path, and its text as it was read; null for a launch of a text or of token ids. */
  readonly file: { readonly path: string; readonly text: string } | null
  /** Features that the user has pinned, now. */
  pins(): readonly FeatureId[]
  /** What is known of a feature without running anything. */
  describe(feature: FeatureId): FeatureDescription
  /** The files that the model and its SAE set are made of, each with what tells it from another; reads headers and samples, not weights. */
  files(): Promise<readonly ProgramFile[]>
  /** Starts the record of a branch: a run in the editor's list, or nothing at all on the command line. */
  openRecord(start: RecordStart): BranchRecord
  /** Ends what `open` began; the model stays with whoever owned it before. */
  close(): Promise<void>
}

/** One file of the model or of the SAE set. `identity` is a digest as `weightsIdentity` makes it. */
export interface ProgramFile {
  readonly part: 'model' | 'sae'
  readonly path: string
  readonly bytes: number
  readonly identity: string
}

/** How a branch comes to be. */
export interface RecordStart {
  readonly name: string
  readonly parent: { readonly record: BranchRecord; readonly position: number } | null
  readonly tokens: readonly DebugToken[]
  readonly edits: readonly Edit[]
  readonly sampling: Sampling
}

/** Where a branch is kept for the user. Calls only take note; nothing here fails the session. */
export interface BranchRecord {
  /** The run's id, or null when it is kept nowhere. */
  readonly runId: string | null
  /** Address of the run document as the editor knows it, or null: the debugger then serves the text itself. */
  readonly uri: string | null
  /** Takes tokens that follow those it has. */
  add(tokens: readonly DebugToken[]): void
  /** Forgets the tokens from `position` on. */
  cut(position: number): void
  /** Takes over what the branch is done with from now on. */
  change(now: { readonly name: string; readonly edits: readonly Edit[]; readonly sampling: Sampling }): void
  /** The branch stands still, or has ended; resolves when whoever shows the run has been told all of it. */
  rest(state: 'paused' | 'length' | 'stop' | 'cancelled' | { readonly message: string; readonly remedy: string }): Promise<void>
}
