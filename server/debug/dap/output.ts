// What the debug console gets: the generated text, log points, and what is to be known about the model and the edits.
import type { LoadedModel } from '../../engine/engine'
import { renderEdit } from '../../formats/editLine'
import { inputErrorLine } from '../../protocol/errors'
import type { Branch } from '../branch'
import type { Client } from './client'
import { placeOfToken, positionForClient, sourceFor } from './documents'
import type { Live } from './live'

type SendEvent = (event: string, body?: object) => void

/** Text that the tokens from `first` to `end` complete, token by token; prompt tokens say nothing. */
export function tellTokens(sendEvent: SendEvent, { tokens }: Branch, first: number, end: number): void {
  for (const { generated, text } of tokens.slice(first, end)) if (generated && text !== '') sendEvent('output', { category: 'stdout', output: text })
}

/** The text of a log point, with the place of its token. */
export function tellLog(sendEvent: SendEvent, live: Live, client: Client, branch: Branch, position: number, text: string): void {
  const { document, span } = placeOfToken(live, branch, position)
  sendEvent('output', { category: 'console', output: `${text}\n`, source: sourceFor(live, document, client), ...positionForClient(span.start, client) })
}

/** What makes the features of this model less than certain; the same at every launch, so it goes to the console without further ado. */
export function tellModel(sendEvent: SendEvent, { pairing, identity, fallbacks }: LoadedModel): void {
  const notes = [
    ...(pairing && pairing.kind !== 'match' && pairing.kind !== 'unknown' ? [pairing.note] : []),
    ...(identity.precision === 'q4' ? ['features are approximate at precision q4'] : []),
    ...fallbacks,
  ]
  for (const note of notes) sendEvent('output', { category: 'console', output: `${note}\n` })
}

/** Warnings of the prompt file, once. */
export function tellProblems(sendEvent: SendEvent, live: Live): void {
  for (const { message, remedy } of live.program.prompt.problems) sendEvent('output', { category: 'console', output: `${inputErrorLine(message, remedy)}\n` })
}

/** Edits that changed nothing on the branch: an edit that never fires says so. */
export function tellIdleEdits(sendEvent: SendEvent, branches: readonly Branch[]): void {
  for (const { name, edits, tokens } of branches) {
    const fired = new Set(tokens.flatMap((token) => token.fired))
    edits.forEach((edit, index) => {
      if (!fired.has(index)) sendEvent('output', { category: 'important', output: `edit ${renderEdit(edit)} never fired${branches.length > 1 ? ` on ${name}` : ''}\n` })
    })
  }
}
