// Turns what the client wants to stop at into a rule, or into why it stops nothing.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { parseFeature } from '../../formats/editLine'
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'
import type { FeatureId } from '../../protocol/values'
import { checkFeature } from '../expressions/bounds'
import { parseCondition } from '../expressions/parseCondition'
import { parseDataCondition, type DataAccess } from '../expressions/parseDataCondition'
import { parseFunctionBreakpoint } from '../expressions/parseFunctionBreakpoint'
import { parseHitCondition } from '../expressions/parseHitCondition'
import { parseLogMessage } from '../expressions/parseLogMessage'
import { NO_NEEDS, type Facts, type Needs } from '../facts'
import type { StopRule } from '../stopRule'
import { exceptionFilter } from './exceptionFilters'
import type { Live } from './live'

/** One breakpoint as the client asked for it. Line and column are 0-based. */
export interface Wanted {
  readonly id: number
  readonly kind: StopRule['kind']
  readonly what:
    | { readonly kind: 'line'; readonly source: WantedSource; readonly line: number; readonly column: number | null }
    | { readonly kind: 'function'; readonly name: string }
    | { readonly kind: 'data'; readonly dataId: string; readonly access: DataAccess }
    | { readonly kind: 'exception'; readonly filter: string }
  readonly condition: string | null
  readonly hitCondition: string | null
  readonly logMessage: string | null
}

/** A source as the client named it. */
export interface WantedSource {
  readonly path: string | null
  readonly reference: number
}

/** A wish with what became of it: the rule, or why there is none. */
export interface Compiled {
  readonly wanted: Wanted
  readonly rule: StopRule | null
  readonly features: readonly FeatureId[]
  /** Why it stops nothing (yet), or what is to be known of it; null when there is nothing to say. */
  readonly message: string | null
}

/** Where a line rule holds: by the tokens up to the one that is asked about. */
export type Reaches = (at: Facts) => boolean

/** Compiles one wish; what is wrong with it becomes the message. `reaches` is that of a line breakpoint. */
export function compileBreakpoint(wanted: Wanted, live: Live | null, reaches: Reaches | null): Compiled {
  try {
    return compile(wanted, live, reaches)
  } catch (error) {
    if (error instanceof InputError) return { wanted, rule: null, features: [], message: error.line }
    throw error
  }
}

function compile(wanted: Wanted, live: Live | null, reaches: Reaches | null): Compiled {
  const bounds = live?.bounds ?? null
  const counts = isBlank(wanted.hitCondition) ? null : parseHitCondition(wanted.hitCondition!)
  const log = isBlank(wanted.logMessage) ? null : parseLogMessage(wanted.logMessage!, bounds)
  const meant = meaning(wanted, live, reaches)
  const words = live?.words
  const rule: StopRule = {
    id: wanted.id,
    kind: wanted.kind,
    ...(wanted.what.kind === 'exception' && { filter: wanted.what.filter }),
    needs: joinNeeds(meant.needs, log?.needs ?? NO_NEEDS),
    holds: meant.holds,
    counts,
    log: log ? (at) => log.render(at, words) : null,
  }
  return { wanted, rule, features: meant.features, message: null }
}

interface Meaning {
  readonly needs: Needs
  readonly features: readonly FeatureId[]
  readonly holds: StopRule['holds']
}

function meaning({ what, condition }: Wanted, live: Live | null, reaches: Reaches | null): Meaning {
  const bounds = live?.bounds ?? null
  switch (what.kind) {
    case 'line': {
      const also = isBlank(condition) ? null : parseCondition(condition!, bounds)
      return { needs: also?.needs ?? NO_NEEDS, features: [], holds: (at) => (reaches?.(at) ?? false) && (also === null || also.holds(at)) }
    }
    case 'function': {
      const parsed = parseFunctionBreakpoint(what.name, condition, bounds)
      return { needs: parsed.needs, features: parsed.features, holds: (at) => parsed.holds(at) }
    }
    case 'data': {
      const feature = dataFeature(what.dataId)
      checkFeature({ what: 'expression', text: what.dataId }, { start: 0, end: what.dataId.length }, feature, bounds)
      const holds = parseDataCondition(condition, what.access)
      return { needs: { layers: [feature.layer], predictions: false }, features: [feature], holds: (at, before) => holds(at.activation(feature), before?.activation(feature) ?? null) }
    }
    case 'exception': {
      const find = exceptionFilter(what.filter, isBlank(condition) ? null : condition)
      return { needs: NO_NEEDS, features: [], holds: (at) => find(at) ?? false }
    }
  }
}

/** The feature that a data breakpoint watches; throws InputError for any other id. */
function dataFeature(dataId: string): FeatureId {
  const feature = parseFeature(dataId)
  if (!feature) throw new InputError(`data ${quote(dataId)} cannot be watched`, 'watch a feature such as L14/6159')
  return feature
}

/** The wish in the protocol's words; a line's place is put to it by whoever knows the documents. */
export function breakpointBody({ wanted, rule, message }: Compiled, isReady: boolean): DebugProtocol.Breakpoint {
  if (rule === null) return { id: wanted.id, verified: false, message: message ?? 'cannot be used', reason: 'failed' }
  if (!isReady) return { id: wanted.id, verified: false, message: 'waits for the model to be loaded', reason: 'pending' }
  return { id: wanted.id, verified: true, ...(message !== null && { message }) }
}

function joinNeeds(a: Needs, b: Needs): Needs {
  return { layers: [...new Set([...a.layers, ...b.layers])].sort((x, y) => x - y), predictions: a.predictions || b.predictions }
}

function isBlank(text: string | null): boolean {
  return text === null || text.trim() === ''
}
