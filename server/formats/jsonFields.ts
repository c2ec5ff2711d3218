// Takes typed fields out of a parsed JSON object; a missing or wrong one becomes an InputError that names file and field.
import { InputError } from '../protocol/errors'
import { quoteValue } from './quote'

/** A JSON object and the name of the file it came from. */
export interface JsonFields {
  /** The field as it stands, undefined when absent or null. */
  value(field: string): unknown
  /** A whole number of 1..limit. */
  count(field: string, limit: number, fallback?: number): number
  /** A finite number above 0. */
  positive(field: string): number
  flag(field: string, fallback: boolean): boolean
  text(field: string): string
  textOrNull(field: string): string | null
  /** The InputError for a field that cannot be used. */
  invalid(field: string, expected: string): InputError
}

/** Throws InputError when `json` is no object. `remedy` ends every error. */
export function jsonFields(json: unknown, fileName: string, remedy: string): JsonFields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new InputError(`${fileName} does not hold a JSON object`, remedy)
  const value = (field: string): unknown => (Object.hasOwn(json, field) ? ((json as Record<string, unknown>)[field] ?? undefined) : undefined)
  const invalid = (field: string, expected: string): InputError =>
    value(field) === undefined
      ? new InputError(`${fileName} has no ${field}`, remedy)
      : new InputError(`${fileName} ${field} is ${quoteValue(value(field))}, not ${expected}`, remedy)
  return {
    value,
    invalid,
    count: (field, limit, fallback) => {
      const found = value(field) ?? fallback
      if (!Number.isSafeInteger(found) || (found as number) < 1 || (found as number) > limit) throw invalid(field, `a whole number of 1 to ${limit}`)
      return found as number
    },
    positive: (field) => {
      const found = value(field)
      if (typeof found !== 'number' || !Number.isFinite(found) || found <= 0) throw invalid(field, 'a number above 0')
      return found
    },
    flag: (field, fallback) => {
      const found = value(field) ?? fallback
      if (typeof found !== 'boolean') throw invalid(field, 'true or false')
      return found
    },
    text: (field) => {
      const found = value(field)
      if (typeof found !== 'string') throw invalid(field, 'a text')
      return found
    },
    textOrNull: (field) => {
      const found = value(field)
      return typeof found === 'string' ? found : null
    },
  }
}

/** One field of a value that may be anything; undefined when it is no object or has no such field of its own. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}
