// Decides how much of a remembered sequence holds for a new request. Pure; when in doubt the answer is "less".
import { editEffect, sameCoefficients } from './applyEdits'
import type { EditPlan } from './editPlan'
import type { PositionRecord } from './positionRecord'

/** What of a request decides which remembered positions hold. */
export interface ReuseRequest {
  readonly promptIds: readonly number[]
  /** Prompt and generated tokens together, at most. */
  readonly maxTokens: number
  readonly samplingKey: string
  readonly stopIds: ReadonlySet<number>
  readonly edits: EditPlan
  /** Layers that must have been read. */
  readonly readLayers: readonly number[]
  /** Likeliest tokens that must be known per position. */
  readonly candidates: number
}

/** Positions 0 … positions − 1 of the sequence hold. */
export interface Reuse {
  readonly positions: number
  /**
   * How it goes on: `done`, the request ends here; `known`, the record at `positions` still tells which token stands there and how it was
   * predicted; `logits`, the sequence ends here and its last logits choose or predict the next token.
   */
  readonly next: 'done' | 'known' | 'logits'
}

/** The longest prefix of `records` that the request would compute again with the same outcome. */
export function reusablePrefix(records: readonly PositionRecord[], request: ReuseRequest): Reuse {
  const { promptIds, maxTokens, stopIds } = request
  for (let position = 0; ; position++) {
    if (position === maxTokens) return { positions: position, next: 'done' }
    if (position > promptIds.length && stopIds.has(records[position - 1]!.token)) return { positions: position, next: 'done' }
    const record = records[position]
    if (!record) return { positions: position, next: 'logits' }
    const sameToken = position < promptIds.length ? record.token === promptIds[position] : record.chosenBy === request.samplingKey
    const predicted = !record.prediction || record.prediction.candidates.length >= request.candidates
    // The logits that this token is to be chosen or scored by are not kept, so the position before is fed once more.
    if (!sameToken || !predicted) return { positions: Math.max(0, position - 1), next: 'known' }
    if (!sameState(record, position, request)) return { positions: position, next: 'known' }
  }
}

/** True when everything was read that the request wants, and its edits add to the residual exactly what was added. */
function sameState(record: PositionRecord, position: number, { edits, readLayers }: ReuseRequest): boolean {
  if (!readLayers.every((layer) => record.readings.has(layer))) return false
  for (const layer of record.edited.keys()) if (!edits.layers.includes(layer)) return false
  return edits.layers.every((layer) => {
    // The activations that the edits would read are the recorded ones: nothing before this layer and position differs.
    const { coefficients } = editEffect(edits.at(layer, position), record.readings.get(layer)!.top)
    return sameCoefficients(coefficients, record.edited.get(layer) ?? new Map())
  })
}
