// Checks what a launch configuration says, field by field; every error names the field.
import { nearestKey } from '../formats/nearestKey'
import { parseFeature } from '../formats/editLine'
import { quote, quoteValue } from '../formats/quote'
import { InputError } from '../protocol/errors'
import type { LaunchArguments } from './launchArguments'

const PRECISIONS = ['auto', 'exact', 'q8', 'q4'] as const
const MAX_TOKENS = 1_000_000

const FIELDS: readonly (keyof LaunchArguments)[] = [
  'program', 'text', 'tokenIds', 'model', 'sae', 'layers', 'precision', 'generate', 'temperature', 'topP', 'topK', 'seed',
  'edits', 'steer', 'pins', 'stopOnEntry', 'stopAtEnd', 'noDebug',
]

/** Throws InputError for the first field that cannot be used. Fields that it does not know are the client's, and are left alone. */
export function readLaunchArguments(value: unknown): LaunchArguments {
  const record = recordOf(value)
  const field = <T>(name: keyof LaunchArguments, read: (found: unknown) => T | undefined, expected: string): T | null => {
    const found = record[name]
    if (found === undefined || found === null) return null
    const result = read(found)
    if (result === undefined) throw invalid(name, found, expected)
    return result
  }
  const path = (name: keyof LaunchArguments): string | null => field(name, (found) => (typeof found === 'string' && found.trim() !== '' ? found : undefined), 'a path')
  const flag = (name: keyof LaunchArguments): boolean => field(name, (found) => (typeof found === 'boolean' ? found : undefined), 'true or false') ?? false
  const count = (name: keyof LaunchArguments, limit: number): number | null => field(name, wholeNumber(0, limit), `a whole number of 0 to ${limit}`)
  const texts = (name: keyof LaunchArguments): readonly string[] => field(name, (found) => listOf(found, (entry) => (typeof entry === 'string' ? entry : undefined)), 'a list of texts') ?? []

  const launch: LaunchArguments = {
    program: path('program'),
    text: field('text', (found) => (typeof found === 'string' && found !== '' ? found : undefined), 'a text that is not empty'),
    tokenIds: field('tokenIds', (found) => nonEmpty(listOf(found, wholeNumber(0, 2 ** 31 - 1))), 'a list of token ids'),
    model: path('model'),
    sae: path('sae'),
    layers: field('layers', (found) => (found === 'all' ? found : nonEmpty(listOf(found, wholeNumber(0, 9999)))), '"all" or a list of layer numbers'),
    precision: field('precision', (found) => PRECISIONS.find((precision) => precision === found), `one of ${PRECISIONS.join(', ')}`),
    generate: count('generate', MAX_TOKENS),
    temperature: field('temperature', (found) => finite(found, (number) => number >= 0), 'a number of 0 or more'),
    topP: field('topP', (found) => finite(found, (number) => number > 0 && number <= 1), 'a number above 0, at most 1'),
    topK: count('topK', MAX_TOKENS),
    seed: count('seed', 2 ** 32 - 1),
    edits: texts('edits'),
    steer: path('steer'),
    pins: texts('pins'),
    stopOnEntry: flag('stopOnEntry'),
    stopAtEnd: flag('stopAtEnd'),
    noDebug: flag('noDebug'),
  }
  checkPrompt(launch)
  const pin = launch.pins.find((each) => !parseFeature(each))
  if (pin !== undefined) throw new InputError(`launch pins has ${quote(pin)}, which is no feature`, 'write one such as L14/6159')
  return launch
}

/** One sentence for each field that is likely a slip of one of ours: `topp` for `topP`. */
export function launchSlips(value: unknown): readonly string[] {
  const names = Object.keys(recordOf(value)).filter((name) => !name.startsWith('__') && !FIELDS.some((field) => field === name))
  return names.flatMap((name) => {
    const meant = nearestKey(name, FIELDS)
    return meant === null ? [] : [`launch ${name} is not read; ${meant} may have been meant`]
  })
}

function checkPrompt(launch: LaunchArguments): void {
  const given = (['program', 'text', 'tokenIds'] as const).filter((name) => launch[name] !== null)
  if (given.length === 0) throw new InputError('launch has no prompt', 'set program to a prompt file, or text, or tokenIds')
  if (given.length > 1) throw new InputError(`launch has ${given.join(' and ')}`, 'leave one of them')
  if (launch.program?.includes('${')) throw new InputError(`launch program ${quote(launch.program)} has a variable that was not filled in`, 'give the path of a prompt file')
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InputError(`launch is ${quoteValue(value)}, not an object`, 'set program to a prompt file')
  return value as Readonly<Record<string, unknown>>
}

function invalid(name: string, found: unknown, expected: string): InputError {
  return new InputError(`launch ${name} is ${quoteValue(found)}, not ${expected}`, `set ${name} to ${expected}`)
}

function wholeNumber(least: number, limit: number): (found: unknown) => number | undefined {
  return (found) => (Number.isSafeInteger(found) && (found as number) >= least && (found as number) <= limit ? (found as number) : undefined)
}

function finite(found: unknown, isValid: (number: number) => boolean): number | undefined {
  return typeof found === 'number' && Number.isFinite(found) && isValid(found) ? found : undefined
}

/** Undefined when it is no list, or an entry cannot be read. An empty object is how clients in Lua write an empty list. */
function listOf<T>(found: unknown, read: (entry: unknown) => T | undefined): readonly T[] | undefined {
  if (typeof found === 'object' && found !== null && Object.keys(found).length === 0) return []
  if (!Array.isArray(found)) return undefined
  const entries = found.map(read)
  return entries.every((entry) => entry !== undefined) ? (entries) : undefined
}

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined
}
