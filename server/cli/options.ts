// Reads a command's options with node:util's parseArgs and checks their values; whatever is wrong is a UsageError.
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { UsageError } from './usageError'

export type OptionSpecs = NonNullable<ParseArgsConfig['options']>

/** What was given, by option name: `string` for the last of each, `strings` for those that may be repeated. */
export interface Options {
  readonly positionals: readonly string[]
  has(name: string): boolean
  string(name: string): string | null
  strings(name: string): readonly string[]
  /** A finite number of at least `least`. */
  number(name: string, least: number): number | null
  /** A whole number of at least `least`. */
  whole(name: string, least: number): number | null
  /** Whole numbers separated by commas; negative ones are let through, so that the model can say what is wrong with them. */
  wholes(name: string): readonly number[] | null
  choice<T extends string>(name: string, choices: readonly T[]): T | null
}

export function readOptions(args: readonly string[], specs: OptionSpecs): Options {
  const { values, positionals } = parse(attachNegativeNumbers(args, specs), specs)
  const string = (name: string): string | null => {
    const value = values[name]
    const last = Array.isArray(value) ? value.at(-1) : value
    return typeof last === 'string' ? last : null
  }
  const number = (name: string, least: number, isValid: (value: number) => boolean, kind: string): number | null => {
    const text = string(name)
    if (text === null) return null
    const value = Number(text)
    if (text.trim() === '' || !isValid(value) || value < least) throw new UsageError(`--${name} takes ${kind} of at least ${least}, not "${text}"`)
    return value
  }
  return {
    positionals,
    has: (name) => values[name] !== undefined,
    string,
    strings: (name) => [values[name] ?? []].flat().filter((value) => typeof value === 'string'),
    number: (name, least) => number(name, least, Number.isFinite, 'a number'),
    whole: (name, least) => number(name, least, Number.isSafeInteger, 'a whole number'),
    wholes(name) {
      const text = string(name)
      if (text === null) return null
      if (text.trim() === '') return []
      return text.split(',').map((part) => {
        if (!/^\s*-?\d+\s*$/.test(part)) throw new UsageError(`--${name} takes whole numbers separated by commas, not "${text}"`)
        return Number(part)
      })
    },
    choice(name, choices) {
      const text = string(name)
      if (text === null) return null
      const choice = choices.find((candidate) => candidate === text)
      if (choice === undefined) throw new UsageError(`--${name} takes ${choices.join(', ')}, not "${text}"`)
      return choice
    },
  }
}

function parse(args: string[], specs: OptionSpecs): { values: Record<string, string | boolean | (string | boolean)[] | undefined>; positionals: string[] } {
  try {
    return parseArgs({ args, options: specs, allowPositionals: true, strict: true })
  } catch (error) {
    // node's messages may go on with advice about `--`; the first sentence names the option.
    const sentence = error instanceof Error ? error.message.split(/\.\s|\n/)[0]!.replace(/\.$/, '') : String(error)
    throw new UsageError(sentence.charAt(0).toLowerCase() + sentence.slice(1))
  }
}

/** `--seed -1` as `--seed=-1`: parseArgs takes a value that starts with a dash for an option. */
function attachNegativeNumbers(args: readonly string[], specs: OptionSpecs): string[] {
  const attached: string[] = []
  for (const arg of args) {
    const previous = attached.at(-1)
    const takesValue = previous?.startsWith('--') && !previous.includes('=') && specs[previous.slice(2)]?.type === 'string'
    if (takesValue && /^-[\d.]/.test(arg)) attached[attached.length - 1] = `${previous}=${arg}`
    else attached.push(arg)
  }
  return attached
}
