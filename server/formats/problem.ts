// What is wrong with a text that the user is writing: data with its place, so that an editor can underline it. Never thrown.
import type { TextRange } from '../protocol/values'

/** `message` and `remedy` follow the rules of InputError; `range` is in UTF-16 code units of the parsed text. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly remedy: string
  readonly range: TextRange
}
