// Why a thread stands still, in the words of the `stopped` event.
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { Stop } from '../branch'
import type { Wanted } from './breakpointTable'

/** `failure` is what kept it from going on, a sentence for people. */
export function stoppedBody(threadId: number, stop: Stop, breakpoint: (id: number) => Wanted | undefined, failure: string | null): DebugProtocol.StoppedEvent['body'] {
  const common = { threadId, preserveFocusHint: false, allThreadsStopped: false }
  if (failure !== null) return { ...common, reason: 'exception', description: 'Stopped by a failure', text: failure }
  const ids = stop.rules.length > 0 ? { hitBreakpointIds: [...stop.rules] } : {}
  switch (stop.reason) {
    case 'breakpoint': return { ...common, ...ids, ...BREAKPOINT_REASONS[breakpoint(stop.rules[0]!)?.kind ?? 'line'] }
    case 'exception': return { ...common, ...ids, reason: 'exception', description: `Stopped on ${stop.finding?.filter ?? 'a finding'}`, text: stop.finding?.message ?? '' }
    case 'end': return { ...common, reason: 'pause', description: 'At the end' }
    case 'goto': return { ...common, reason: 'goto', description: 'Moved here' }
    case 'entry':
    case 'step':
    case 'pause':
    case 'restart': return { ...common, ...ids, reason: stop.reason }
  }
}

const BREAKPOINT_REASONS: Readonly<Record<Wanted['kind'], { readonly reason: string; readonly description: string }>> = {
  line: { reason: 'breakpoint', description: 'Paused on breakpoint' },
  function: { reason: 'function breakpoint', description: 'Paused on function breakpoint' },
  data: { reason: 'data breakpoint', description: 'Paused on data breakpoint' },
  exception: { reason: 'exception', description: 'Paused on exception' },
}
