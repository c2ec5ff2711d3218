// Reads the arguments of a request, field by field: what a client sends is checked, never trusted.
import { quoteValue } from '../../formats/quote'
import { InputError } from '../../protocol/errors'

/** The arguments of one request. Every reader throws InputError, which names command and field, for a value of another type. */
export interface RequestFields {
  /** A whole number, also a negative one. Throws when there is none. */
  integer(field: string): number
  integerOrNull(field: string): number | null
  text(field: string): string
  textOrNull(field: string): string | null
  /** False where there is none. */
  flag(field: string): boolean
  /** As `flag`, true where there is none. */
  flagUnlessFalse(field: string): boolean
  object(field: string): RequestFields
  objectOrNull(field: string): RequestFields | null
  /** Empty where there is none. */
  objects(field: string): readonly RequestFields[]
  texts(field: string): readonly string[]
  /** As it was sent; undefined where there is none. */
  raw(field: string): unknown
  /** All fields, as they were sent. */
  readonly all: Readonly<Record<string, unknown>>
}

/**
 * `subject` begins the errors: `setVariable`. A request without arguments has no fields. Clients in Lua cannot tell an empty list from an empty
 * object, so either stands for the other.
 */
export function requestFields(subject: string, value: unknown): RequestFields {
  if (value !== undefined && value !== null && (typeof value !== 'object' || (Array.isArray(value) && value.length > 0))) throw invalid(subject, 'arguments', value, 'an object')
  const record = (value ?? {}) as Readonly<Record<string, unknown>>
  const raw = (field: string): unknown => (Object.hasOwn(record, field) ? (record[field] ?? undefined) : undefined)

  function optional<T>(field: string, expected: string, isValid: (found: unknown) => found is T): T | null {
    const found = raw(field)
    if (found === undefined) return null
    if (!isValid(found)) throw invalid(subject, field, found, expected)
    return found
  }

  function needed<T>(field: string, found: T | null): T {
    if (found === null) throw new InputError(`${subject} has no ${field}`, `send ${field}`)
    return found
  }

  const integerOrNull = (field: string): number | null => optional(field, 'a whole number', isInteger)
  const textOrNull = (field: string): string | null => optional(field, 'a text', isText)
  const flag = (field: string, fallback: boolean): boolean => optional(field, 'true or false', isFlag) ?? fallback
  const list = (field: string): readonly unknown[] => (isEmptyObject(raw(field)) ? [] : (optional(field, 'a list', isList) ?? []))
  const objectOrNull = (field: string): RequestFields | null => (raw(field) === undefined ? null : requestFields(`${subject} ${field}`, raw(field)))

  return {
    integer: (field) => needed(field, integerOrNull(field)),
    integerOrNull,
    text: (field) => needed(field, textOrNull(field)),
    textOrNull,
    flag: (field) => flag(field, false),
    flagUnlessFalse: (field) => flag(field, true),
    object: (field) => needed(field, objectOrNull(field)),
    objectOrNull,
    objects: (field) => list(field).map((entry, index) => requestFields(`${subject} ${field}[${index}]`, entry)),
    texts: (field) =>
      list(field).map((entry, index) => {
        if (!isText(entry)) throw invalid(subject, `${field}[${index}]`, entry, 'a text')
        return entry
      }),
    raw,
    all: record,
  }
}

function invalid(subject: string, field: string, found: unknown, expected: string): InputError {
  return new InputError(`${subject} ${field} is ${quoteValue(found)}, not ${expected}`, `send ${expected}`)
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
const isEmptyObject = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
