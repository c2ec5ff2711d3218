// Why a thread stands still, in the words of the `stopped` event.
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { Stop } from '../branch'
import type { DataAccess } from '../expressions/parseDataCondition'
import type { Wanted } from './compileBreakpoint'
import { filterLabel } from './exceptionFilters'

/** `breakpoint` finds the wish behind a rule's id; `isAtEnd` when nothing follows the token, however one came there. */
export function stoppedBody(threadId: number, stop: Stop, isAtEnd: boolean, breakpoint: (id: number) => Wanted | undefined): DebugProtocol.StoppedEvent['body'] {
  const common = { threadId, preserveFocusHint: false, allThreadsStopped: false }
  const ids = stop.rules.length > 0 ? { hitBreakpointIds: [...stop.rules] } : {}
  switch (stop.reason) {
    case 'breakpoint': return { ...common, ...ids, ...hitWords(breakpoint(stop.rules[0]!)) }
    case 'exception': return { ...common, ...ids, reason: 'exception', description: `Paused on ${filterLabel(stop.finding?.filter ?? '')}`, text: stop.finding?.message ?? '' }
    case 'end': return { ...common, reason: 'pause', description: AT_END }
    case 'goto': return { ...common, reason: 'goto', description: 'Moved here' }
    // One comes there by going back, too.
    case 'entry': return { ...common, reason: 'entry', description: 'At the first token' }
    case 'step':
    case 'pause':
    case 'restart': return { ...common, ...ids, reason: stop.reason, ...(isAtEnd && { description: AT_END }) }
  }
}

const AT_END = 'At the end'

/** Of several breakpoints the first speaks. */
function hitWords(wanted: Wanted | undefined): { readonly reason: string; readonly description: string; readonly text?: string } {
  const also = wanted?.condition ? ` ${wanted.condition.trim()}` : ''
  switch (wanted?.what.kind) {
    case 'function': return { reason: 'function breakpoint', description: `Paused on ${wanted.what.name}`, text: `${wanted.what.name}${also && ` when${also}`}` }
    case 'data': return { reason: 'data breakpoint', description: `Paused on ${wanted.what.dataId}${also}`, text: `${wanted.what.dataId}${also || ` ${ACCESS[wanted.what.access]}`}` }
    case 'line':
    case 'exception':
    case undefined: return { reason: 'breakpoint', description: 'Paused on breakpoint', ...(also && { text: also.trim() }) }
  }
}

const ACCESS: Readonly<Record<DataAccess, string>> = { write: 'changes', read: 'begins to fire', readWrite: 'changes' }
