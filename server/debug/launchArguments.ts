// What a launch may say: the contract of the debug adapter with launch configurations, checked field by field.
import type { PrecisionChoice } from '../protocol/values'

/** Checked. Exactly one of `program`, `text` and `tokenIds` is set; what is null is decided by the prompt's front matter, then the user's settings. */
export interface LaunchArguments {
  /** Absolute path of a prompt file. */
  readonly program: string | null
  readonly text: string | null
  readonly tokenIds: readonly number[] | null
  readonly model: string | null
  readonly sae: string | null
  /** Layers whose features are shown; `all` those of the SAE set. */
  readonly layers: readonly number[] | 'all' | null
  readonly precision: PrecisionChoice | null
  readonly generate: number | null
  readonly temperature: number | null
  readonly topP: number | null
  readonly topK: number | null
  readonly seed: number | null
  /** Edit lines. */
  readonly edits: readonly string[]
  /** Absolute path of a .steer file. */
  readonly steer: string | null
  /** Features shown under Pinned beside those of the editor: `L14/6159`. */
  readonly pins: readonly string[]
  readonly stopOnEntry: boolean
  /** Whether a branch that has come to its end stands there, so that one can step back; else the session ends. */
  readonly stopAtEnd: boolean
  /** Runs without stopping anywhere. */
  readonly noDebug: boolean
}
