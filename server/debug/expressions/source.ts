// What an expression is read from, and how its mistakes are told: the text, the column, one way out.
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'
import type { TextRange } from '../../protocol/values'

/** A text that the user wrote, and what it is called in an error. */
export interface Source {
  readonly what: 'condition' | 'hit condition' | 'log message' | 'function breakpoint' | 'expression'
  readonly text: string
}

/** Longest text that is read, in UTF-16 units. */
export const MOST_CHARACTERS = 1000

/** Throws the InputError for a mistake: `problem` goes on after the subject, `condition "probb < 1"`. Columns count from 1. */
export function refuse({ what, text }: Source, at: TextRange, problem: string, remedy: string): never {
  throw new InputError(`${what} ${quote(text)} ${problem} at column ${at.start + 1}`, remedy)
}

/** Throws InputError for a text that is empty or too long to be read. */
export function checkLength({ what, text }: Source, example: string): void {
  if (text.trim() === '') throw new InputError(`${what} is empty`, `write one such as ${example}`)
  if (text.length > MOST_CHARACTERS) throw new InputError(`${what} ${quote(text)} has ${text.length} characters`, `write at most ${MOST_CHARACTERS}`)
}
