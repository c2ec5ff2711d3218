// How large a prompt file may be: more than any context holds, and little enough to be read and parsed in a moment.
import { InputError } from '../protocol/errors'

/** 16 MB: a context of a million tokens of English is about a quarter of it. */
export const MOST_PROMPT_BYTES = 16_000_000

/** Throws InputError, which begins with `subject`, for a text or file of more bytes (or characters) than that. */
export function checkPromptSize(size: number, subject: string): void {
  if (size > MOST_PROMPT_BYTES) throw new InputError(`${subject} has ${inMegabytes(size)} MB, more than the ${MOST_PROMPT_BYTES / 1e6} MB that a prompt may have`, 'shorten it')
}

function inMegabytes(size: number): string {
  // Never rounded down to the limit itself.
  return (Math.ceil(size / 1e5) / 10).toFixed(1).replace(/\.0$/, '')
}
