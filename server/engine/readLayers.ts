// Reads layers over tokens that are known, for whoever looks at a layer after the run: no layer above the highest wanted one is computed.
import type { EditPlan } from './editPlan'
import type { ReadEvent, ReadRequest } from './engine'
import { readPositions } from './fillReadings'
import type { ForwardModel } from './forward'
import { openKnownTokens } from './knownTokens'
import { predictMissing } from './predictions'
import { reportPrediction, strongest } from './sequence/positionRecord'
import type { PrefixCache } from './sequence/prefixCache'
import type { Sequence } from './sequence/sequence'

/** The request must have been checked and its edits planned. Throws CancelledError between chunks. */
export async function readLayers(model: ForwardModel, cache: PrefixCache, request: ReadRequest, edits: EditPlan, onEvent: (event: ReadEvent) => void, signal: AbortSignal): Promise<void> {
  const { tokenIds, top, from = 0, predictions } = request
  const layers = [...new Set(request.layers)].sort((a, b) => a - b)
  const end = tokenIds.length
  if ((layers.length === 0 && !predictions) || from >= end) return
  const tokens = openKnownTokens(model, cache, { tokenIds, edits, highest: predictions ? model.decoder.config.layers - 1 : layers.at(-1)!, layers, from })
  try {
    const { sequence, computed } = tokens
    const share = (end - computed) / end
    await tokens.compute((fraction) => onEvent({ kind: 'progress', fraction: share * fraction }), signal)
    const ready = new Set<number>()
    const waiting = [...layers]
    await readPositions(model, sequence, layers, edits, from, end, (read, fraction) => {
      onEvent({ kind: 'progress', fraction: share + (1 - share) * fraction })
      for (const layer of read) ready.add(layer)
      while (waiting.length > 0 && ready.has(waiting[0]!)) onEvent({ kind: 'layer', report: layerReport(sequence, waiting.shift()!, from, end, top, edits) })
    }, signal)
    if (predictions) {
      await predictMissing(model, sequence, from, end, Math.min(predictions.alternatives, model.decoder.config.vocabSize), () => {}, signal)
      onEvent({ kind: 'predictions', predictions: sequence.records.slice(from, end).map(({ prediction }) => prediction && reportPrediction(prediction, predictions.alternatives)) })
    }
  } finally {
    tokens.close()
  }
}

function layerReport({ records }: Sequence, layer: number, from: number, end: number, top: number, edits: EditPlan): Extract<ReadEvent, { kind: 'layer' }>['report'] {
  const readings = records.slice(from, end).map(({ readings }) => readings.get(layer)!)
  const after = edits.layers.includes(layer) ? { after: readings.map((reading) => reading.after && strongest(reading.after, top)) } : {}
  return { layer, features: readings.map((reading) => strongest(reading.top, top)), ...after, residualNorm: readings.map(({ norm }) => norm) }
}
