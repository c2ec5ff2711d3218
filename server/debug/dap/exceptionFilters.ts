// The exception filters in the protocol's words, and what each looks for.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { quote } from '../../formats/quote'
import { InputError } from '../../protocol/errors'
import type { Finding } from '../branch'
import { DETECTORS } from '../detectors/detectors'
import { nonFinite } from '../detectors/nonFinite'
import type { DetectorInfo } from '../detectors/detector'
import type { Facts } from '../facts'

const INFOS: readonly DetectorInfo[] = [...DETECTORS, nonFinite]

/** As `initialize` declares them. */
export const EXCEPTION_FILTERS: DebugProtocol.ExceptionBreakpointsFilter[] = INFOS.map(({ id, label, description, default: isDefault, conditionHelp }) => ({
  filter: id, label, description, default: isDefault, supportsCondition: conditionHelp !== null, ...(conditionHelp !== null && { conditionDescription: conditionHelp }),
}))

/** What a filter finds at a token. Throws InputError for an unknown filter and for a condition that it cannot have. */
export function exceptionFilter(id: string, condition: string | null): (at: Facts) => Finding | null {
  if (!INFOS.some((info) => info.id === id)) throw new InputError(`exception filter ${quote(id)} is not known`, `choose one of ${INFOS.map((info) => info.id).join(', ')}`)
  const detector = DETECTORS.find((each) => each.id === id)
  if (condition !== null && !detector?.withCondition) throw new InputError(`exception filter ${id} takes no condition`, 'leave the condition out')
  // What is not finite is found by the engine, not in the text.
  if (!detector) return () => null
  const wanted = condition === null ? detector : detector.withCondition!(condition)
  return (at) => wanted.find(at.tokens, at.position)
}

/** What a filter is called, for people. */
export function filterLabel(id: string): string {
  return INFOS.find((info) => info.id === id)?.label ?? id
}
