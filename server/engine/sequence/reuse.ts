// Decides how much of a computed sequence holds for a new request, layer by layer. Pure; when in doubt the answer is "less".
import { editEffect, sameCoefficients } from '../applyEdits'
import type { EditPlan } from '../editPlan'
import type { PositionRecord } from './positionRecord'

/** What of a request decides what holds. */
export interface ReuseRequest {
  /** The prompt, and the tokens after it that are given: they stand there however they came to. */
  readonly knownIds: readonly number[]
  /** Known and generated tokens together, at most. */
  readonly maxTokens: number
  readonly samplingKey: string
  readonly stopIds: ReadonlySet<number>
  readonly edits: EditPlan
}

/** What of a sequence is looked at. */
export interface ComputedSequence {
  readonly records: readonly PositionRecord[]
  readonly positions: number
  readonly residuals: { computedAt(layer: number): number }
  readonly editsKey: string | null
}

export interface Reuse {
  /** Tokens at the start that stand, or will stand again unless what comes before them changes. */
  readonly tokens: number
  /** Positions whose every layer holds. */
  readonly positions: number
  /** Positions at which the residual that arrives at a layer's output holds; of the layer above the last, those whose logits hold. */
  readonly holdsAt: (layer: number) => number
  /** The request ends with these positions. */
  readonly done: boolean
}

/** What of the sequence the request would compute again with the same outcome. An edit changes nothing in and below its own layer. */
export function reusable(sequence: ComputedSequence, request: ReuseRequest): Reuse {
  const { records } = sequence
  const { tokens, ends } = matchingTokens(records, request)
  const changes: { readonly layer: number; readonly position: number }[] = []
  const holdsAt = (layer: number): number =>
    changes.reduce((rows, change) => (change.layer < layer ? Math.min(rows, change.position) : rows), Math.min(tokens, sequence.residuals.computedAt(layer)))
  for (const layer of sequence.editsKey === request.edits.key ? [] : editedLayers(records, tokens, request.edits)) {
    const rows = holdsAt(layer)
    let position = 0
    while (position < rows && sameEdits(records[position]!, layer, position, request.edits)) position++
    // Where the layer was not computed, nothing above it was.
    if (position < tokens) changes.push({ layer, position })
  }
  const positions = changes.reduce((least, { position }) => Math.min(least, position), Math.min(tokens, sequence.positions))
  return { tokens, positions, holdsAt, done: ends && positions === tokens }
}

/** The tokens at the start that are the request's own; `ends` when it ends with the last of them. */
function matchingTokens(records: readonly PositionRecord[], { knownIds, maxTokens, samplingKey, stopIds }: ReuseRequest): { readonly tokens: number; readonly ends: boolean } {
  for (let position = 0; ; position++) {
    if (position === maxTokens) return { tokens: position, ends: true }
    if (position > knownIds.length && stopIds.has(records[position - 1]!.token)) return { tokens: position, ends: true }
    const record = records[position]
    const matches = record && (position < knownIds.length ? record.token === knownIds[position] : record.chosenBy === samplingKey)
    if (!matches) return { tokens: position, ends: false }
  }
}

/** Ascending. */
function editedLayers(records: readonly PositionRecord[], tokens: number, edits: EditPlan): readonly number[] {
  const layers = new Set(edits.layers)
  for (let position = 0; position < tokens; position++) for (const layer of records[position]!.edited.keys()) layers.add(layer)
  return [...layers].sort((a, b) => a - b)
}

/** True when the request's edits add to the residual exactly what was added. The residual that arrives at the layer must hold. */
function sameEdits({ readings, edited }: PositionRecord, layer: number, position: number, edits: EditPlan): boolean {
  const active = edits.at(layer, position)
  const before = edited.get(layer)
  if (active.length === 0) return before === undefined
  const reading = readings.get(layer)
  return reading !== undefined && sameCoefficients(editEffect(active, reading.top).coefficients, before ?? new Map())
}
