// What the engine remembers of one computed position: enough to report it again and to tell whether other edits would change it.
import { editEffect, type Coefficients } from '../applyEdits'
import type { Candidate, TokenPrediction, TokenReport } from '../engine'
import type { EditPlan } from '../editPlan'
import type { TopK } from '../encoding/layerEncoder'

/** What was read at one layer. */
export interface LayerReading {
  /** Of the residual as it arrived. */
  readonly top: TopK
  /** Of the residual after the edits; null where they changed nothing. */
  readonly after: TopK | null
  /** Of the residual as it arrived. */
  readonly norm: number
}

/** What was known of a token before it was fed. */
export interface Prediction {
  readonly logprob: number
  readonly entropy: number
  readonly rank: number
  readonly candidates: readonly Candidate[]
}

export interface PositionRecord {
  readonly token: number
  /** How the token was chosen, or is known to be (`samplingKey`); null for one that was given. */
  chosenBy: string | null
  /** Null at position 0, and where it has not been computed yet. */
  prediction: Prediction | null
  /** By layer; grows when further layers are read. */
  readonly readings: Map<number, LayerReading>
  /** By layer, what edits added to the residual; layers where they added nothing are absent. */
  readonly edited: ReadonlyMap<number, Coefficients>
}

/** What of a record is reported. */
export interface ReportRequest {
  readonly promptLength: number
  readonly layers: readonly number[]
  readonly top: number
  readonly alternatives: number
  readonly edits: EditPlan
}

export function reportPosition(record: PositionRecord, index: number, request: ReportRequest): TokenReport {
  const features: Record<number, TokenReport['features'][number]> = {}
  const featuresAfterEdit: Record<number, TokenReport['features'][number]> = {}
  const residualNorm: Record<number, number> = {}
  const fired = new Set<number>()
  for (const layer of request.layers) {
    const reading = record.readings.get(layer)!
    features[layer] = strongest(reading.top, request.top)
    residualNorm[layer] = reading.norm
  }
  for (const layer of request.edits.layers) {
    const reading = record.readings.get(layer)!
    featuresAfterEdit[layer] = strongest(reading.after ?? reading.top, request.top)
    for (const edit of editEffect(request.edits.at(layer, index), reading.top).fired) fired.add(edit)
  }
  const prediction = record.prediction && reportPrediction(record.prediction, request.alternatives)
  return {
    index,
    id: record.token,
    generated: index >= request.promptLength,
    logprob: prediction?.logprob ?? null,
    alternatives: prediction?.alternatives ?? [],
    entropy: prediction?.entropy ?? null,
    rank: prediction?.rank ?? null,
    features,
    featuresAfterEdit,
    residualNorm,
    fired: [...fired].sort((a, b) => a - b),
  }
}

/** A prediction with its `alternatives` likeliest tokens. */
export function reportPrediction({ logprob, entropy, rank, candidates }: Prediction, alternatives: number): TokenPrediction {
  return { logprob, entropy, rank, alternatives: candidates.slice(0, alternatives) }
}

/** The first `count` features of a reading. */
export function strongest({ features, activations }: TopK, count: number): TokenReport['features'][number] {
  return Array.from(features.subarray(0, count), (feature, i) => ({ feature, activation: activations[i]! }))
}

/** Bytes that a record keeps, roughly: numbers of its arrays and a share for objects. */
export function recordBytes(record: PositionRecord): number {
  let bytes = 200 + 48 * (record.prediction?.candidates.length ?? 0)
  for (const { top, after } of record.readings.values()) bytes += 250 + 8 * (top.features.length + (after?.features.length ?? 0))
  for (const coefficients of record.edited.values()) bytes += 100 + 50 * coefficients.size
  return bytes
}
