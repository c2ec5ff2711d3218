// The sentence that a user reads when what they wrote is refused.
import { InputError } from '../../../../server/protocol/errors'

/** Message and remedy of the InputError that `parse` throws; any other error is thrown on. */
export function sentenceOf(parse: () => unknown): string {
  try {
    parse()
  } catch (error) {
    if (error instanceof InputError) return error.line
    throw error
  }
  return 'no error'
}
