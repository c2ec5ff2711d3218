// Finds faults in a whole completion by its text alone: a switch of script, and a loop. Pure; the rules are those by which the debugger stops.
import type { RunDetail, RunFault } from '../protocol/requests'
import { loopAt, loopMessage } from './repetition'
import { completionStart, lastOfScript, scriptSwitchAt, scriptSwitchMessage } from './scriptSwitch'

/** A fault and where it happens: `tokens` are `first` to `last`, both included, indices into the run's tokens. */
export type Fault = RunFault & { readonly first: number; readonly last: number } & (
    | { readonly kind: 'languageSwitch'; /** Unicode script, for example `Han`. */ readonly script: string }
    | { readonly kind: 'loop'; /** Tokens of the repeated unit. */ readonly period: number }
  )

/** The parts of a run that the detectors read. */
export type FaultSubject = Pick<RunDetail, 'tokens'>

/** All faults of a completion, a language switch first. */
export function detectFaults(run: FaultSubject): Fault[] {
  return [detectLanguageSwitch(run), detectLoop(run)].filter((fault) => fault !== null)
}

/** The first script to which the completion switches, from its first token to its last; see `scriptSwitchAt`. */
export function detectLanguageSwitch({ tokens }: FaultSubject): Fault | null {
  for (let index = completionStart(tokens); index < tokens.length; index++) {
    const found = scriptSwitchAt(tokens, index)
    if (!found) continue
    const { script, first } = found
    const last = lastOfScript(tokens, script)
    return { kind: 'languageSwitch', message: scriptSwitchMessage(found), tokens: range(first, last), first, last, script }
  }
  return null
}

/** The first loop that the completion comes into, to the end of its repetition; see `loopAt`. */
export function detectLoop({ tokens }: FaultSubject): Fault | null {
  for (let index = completionStart(tokens); index < tokens.length; index++) {
    const found = loopAt(tokens, index)
    if (!found) continue
    const { first, period } = found
    let last = index
    while (last + 1 < tokens.length && tokens[last + 1]!.id === tokens[last + 1 - period]!.id) last++
    return { kind: 'loop', message: loopMessage(tokens, found, last), tokens: range(first, last), first, last, period }
  }
  return null
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
}
