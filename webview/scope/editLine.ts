// Edit lines as the panel writes them (suppress, boost) and the little it reads back from them.
import type { EditEntry, PinsAndEdits } from '../../server/protocol/requests'
import type { FeatureId } from '../../server/protocol/values'
import { featureName, formatEditNumber, sameFeature } from './format'

/** What a line does, where; `positions` is null when it applies to every token. */
export interface EditParts {
  readonly operator: '=' | '+=' | '*='
  readonly value: number
  readonly positions: string | null
}

/** The edit that sets a feature to 0: `L14/6159 = 0`. */
export function suppressLine(feature: FeatureId): string {
  return `${featureName(feature)} = 0`
}

/** The edit that adds `units` times the feature's usual activation: `L3/1021 += 6.2`. */
export function boostLine(feature: FeatureId, units: number, unit: number): string {
  return `${featureName(feature)} += ${formatEditNumber(units * unit)}`
}

/** The slider position of an added value, on the slider's grid and within its limit. */
export function boostUnits(value: number, unit: number, step: number, limit: number): number {
  const units = Math.round(value / unit / step) * step
  return Math.min(limit, Math.max(-limit, units))
}

/** Reads operator, number and positions of a line that the worker accepted; null when it is anything else. */
export function readEditLine(line: string): EditParts | null {
  const match = /^\s*L\d+\s*\/\s*\d+\s*(=|\+=|\*=)\s*([^\s@#]+)\s*(?:@\s*([^#]*?)\s*)?(?:#.*)?$/.exec(line)
  const value = Number(match?.[2])
  if (!match || Number.isNaN(value)) return null
  return { operator: match[1] as EditParts['operator'], value, positions: match[3] ?? null }
}

/** The enabled edits of a feature, in the order of the list. */
export function editsOf(state: PinsAndEdits, feature: FeatureId): readonly EditEntry[] {
  return state.edits.filter((edit) => edit.enabled && sameFeature(edit.feature, feature))
}

/** The edit that suppresses the feature on all tokens, or null. */
export function suppression(state: PinsAndEdits, feature: FeatureId): EditEntry | null {
  return editsOf(state, feature).find(({ line }) => appliesEverywhere(line, '=', 0)) ?? null
}

/** The edit that boosts the feature on all tokens, or null. */
export function boost(state: PinsAndEdits, feature: FeatureId): EditEntry | null {
  return editsOf(state, feature).find(({ line }) => appliesEverywhere(line, '+=')) ?? null
}

/** True when the enabled edits are not those that the run was made with, so that a re-run may differ. */
export function editsDiffer(state: PinsAndEdits, runEdits: readonly { readonly edit: string }[]): boolean {
  const now = state.edits.filter((edit) => edit.enabled).map((edit) => spaceless(edit.line))
  const then = runEdits.map(({ edit }) => spaceless(edit))
  return now.length !== then.length || [...now].sort().join('\n') !== [...then].sort().join('\n')
}

function appliesEverywhere(line: string, operator: EditParts['operator'], value?: number): boolean {
  const parts = readEditLine(line)
  return parts !== null && parts.operator === operator && parts.positions === null && (value === undefined || parts.value === value)
}

function spaceless(line: string): string {
  return line.replace(/#.*$/, '').replace(/\s+/g, '')
}
