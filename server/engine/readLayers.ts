// Reads layers over tokens that are known, for whoever looks at a layer after the run.
import type { EditPlan } from './editPlan'
import type { LayerReport, ReadEvent, ReadRequest, TokenReport } from './engine'
import type { ForwardModel } from './forward'
import { generateTokens } from './generation'
import type { PrefixCache } from './prefixCache'
import { GREEDY } from '../protocol/values'

/** The request must have been checked and its edits planned. Throws CancelledError between chunks. */
export async function readLayers(model: ForwardModel, cache: PrefixCache, request: ReadRequest, edits: EditPlan, onEvent: (event: ReadEvent) => void, signal: AbortSignal): Promise<void> {
  const { tokenIds, layers, top } = request
  const reports: TokenReport[] = []
  const generate = { promptIds: tokenIds, generate: 0, sampling: GREEDY, stopIds: [], edits: request.edits, layers, top, alternatives: 0, promptPredictions: false, capture: null }
  await generateTokens(model, cache, generate, edits, (event) => {
    if (event.kind === 'tokens') reports.push(...event.tokens)
    else if (event.kind === 'prefill') onEvent({ kind: 'progress', fraction: event.done / event.total })
  }, signal)
  for (const layer of layers.toSorted((a, b) => a - b)) onEvent({ kind: 'layer', report: layerReport(layer, reports) })
}

function layerReport(layer: number, tokens: readonly TokenReport[]): LayerReport {
  return { layer, features: tokens.map(({ features }) => features[layer]!), residualNorm: tokens.map(({ residualNorm }) => residualNorm[layer]!) }
}
