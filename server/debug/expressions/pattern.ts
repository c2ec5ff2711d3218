// Regular expressions that users write, searched in time that grows with the text alone: no pattern can hang the debugger.
import { RE2JS } from 're2js'
import { quote } from '../../formats/quote'
import type { TextRange } from '../../protocol/values'
import { refuse, type Source } from './source'

/** Most instructions of a compiled pattern; each may cost a step per character of the text. */
const MOST_INSTRUCTIONS = 2000

/**
 * Whether the pattern is found in a text, as a function. The flags are `i`, `m`, `s` as in JavaScript; `u` is always on.
 * Throws InputError for what the engine has not: back references and lookaround, which take exponential time, and counts that multiply beyond reason.
 */
export function compilePattern(source: Source, range: TextRange, pattern: string, flags: string): (text: string) => boolean {
  const compiled = compiledOf(source, range, pattern, flagBits(source, range, flags))
  if (compiled.programSize() > MOST_INSTRUCTIONS) refuse(source, range, `has the regular expression ${quote(pattern, 40)}, which repeats too much,`, 'write smaller counts')
  return (text) => compiled.test(text)
}

const FLAGS: Readonly<Record<string, number>> = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL, u: 0 }

function flagBits(source: Source, range: TextRange, flags: string): number {
  return [...flags].reduce((bits, flag) => bits | (FLAGS[flag] ?? refuse(source, range, `has a regular expression with the flag ${flag}`, 'leave it out, or write i, m or s')), 0)
}

function compiledOf(source: Source, range: TextRange, pattern: string, bits: number): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern), bits)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    return refuse(source, range, `has the regular expression ${quote(pattern, 40)} that cannot be used: ${reason.replace(/`/g, '"')}`, remedyFor(pattern))
  }
}

function remedyFor(pattern: string): string {
  if (/\(\?<?[=!]|\\[1-9]/.test(pattern)) return 'write it without lookaround and back references'
  const script = /\\[pP]\{(?:Script|sc|Script_Extensions|scx)=(\w+)\}/.exec(pattern)?.[1]
  return script ? `write \\p{${script}}` : 'correct it, in the syntax of RE2'
}
