// Looks closely at one token of a computed sequence: what each layer holds there, and what the model would say after each.
import type { EditPlan } from './editPlan'
import type { Distribution, InspectedLayer, Inspection, InspectRequest } from './engine'
import { layerGroups, replayTo } from './fillReadings'
import { runHead, type ForwardModel } from './forward'
import { joinedArrays } from './joinedArrays'
import { openKnownTokens } from './knownTokens'
import { vectorNorm } from './layerVisit'
import { nextAt, candidatesOf } from './predictions'
import { departingResidual } from './residualEdits'
import { strongest, type LayerReading } from './sequence/positionRecord'
import type { PrefixCache } from './sequence/prefixCache'
import type { Sequence } from './sequence/sequence'

/** The request must have been checked and its edits planned. Throws CancelledError between chunks and layers. */
export async function inspectToken(model: ForwardModel, cache: PrefixCache, request: InspectRequest, edits: EditPlan, signal: AbortSignal): Promise<Inspection> {
  const { tokenIds } = request
  const position = tokenIds.length - 1
  const tokens = openKnownTokens(model, cache, { tokenIds, edits, highest: model.decoder.config.layers - 1, layers: [], from: position })
  try {
    await tokens.compute(() => {}, signal)
    const { sequence } = tokens
    const seen = await look(model, sequence, request, edits, position, signal)
    return {
      layers: request.layers.map((layer) => inspectedLayer(layer, seen, request.top)),
      ...(await distributions(model, sequence, request, seen, position)),
      residuals: Object.fromEntries(request.residualLayers.map((layer) => [layer, seen.departing.get(layer)!])),
    }
  } finally {
    tokens.close()
  }
}

/** What was seen at the token, by layer. */
interface Seen {
  readonly readings: ReadonlyMap<number, LayerReading>
  readonly errors: ReadonlyMap<number, number>
  /** resid_post after edits, (d_model). */
  readonly departing: ReadonlyMap<number, Float32Array>
}

/** Only of what is not remembered some layers are run again, at this one position where the model keeps no states. */
async function look(model: ForwardModel, sequence: Sequence, request: InspectRequest, edits: EditPlan, position: number, signal: AbortSignal): Promise<Seen> {
  const { layers, reconstructionLayers, lensLayers, residualLayers, candidates } = request
  const record = sequence.records[position]!
  const hasSae = (layer: number): boolean => model.saes?.set.layers.has(layer) === true
  // Without an SAE the norm is all there is to say, and that takes the residual.
  const captureLayers = [...new Set([...(candidates > 0 ? lensLayers : []), ...residualLayers, ...layers.filter((layer) => !hasSae(layer))])]
  const unread = layers.filter((layer) => hasSae(layer) && !record.readings.has(layer))
  const needed = [...new Set([...captureLayers, ...reconstructionLayers, ...unread])].sort((a, b) => a - b)
  const errors = new Map<number, number>()
  const departing = new Map<number, Float32Array>()
  for (const group of layerGroups(sequence, needed, position + 1)) {
    const readLayers = group.layers.filter((layer) => unread.includes(layer) || reconstructionLayers.includes(layer))
    const { finding, captured } = await replayTo(model, sequence, group, { edits, readLayers, captureLayers, reconstructionLayers, signal }, position)
    for (const layer of unread) if (finding.readings.has(layer)) record.readings.set(layer, finding.readings.get(layer)!)
    for (const [layer, error] of finding.reconstructed) errors.set(layer, error)
    for (const [layer, x] of captured) departing.set(layer, x)
  }
  return { readings: record.readings, errors, departing }
}

function inspectedLayer(layer: number, { readings, errors, departing }: Seen, top: number): InspectedLayer {
  const reading = readings.get(layer)
  return {
    layer,
    features: reading ? strongest(reading.top, top) : [],
    after: reading?.after ? strongest(reading.after, top) : null,
    residualNorm: reading ? reading.norm : vectorNorm(departing.get(layer)!),
    reconstructionError: errors.get(layer) ?? null,
  }
}

/** All in one run of the head, because it reads as many weights for one row as for many. */
async function distributions(model: ForwardModel, sequence: Sequence, { candidates, lensLayers }: InspectRequest, { departing }: Seen, position: number): Promise<Pick<Inspection, 'next' | 'lens'>> {
  if (candidates === 0) return { next: null, lens: [] }
  const { layers, vocabSize } = model.decoder.config
  const last = await departingResidual(model.saes, sequence, layers - 1, position, position + 1)
  const rows = [...lensLayers.map((layer) => departing.get(layer)!), last]
  const wanted = { rows: [...rows.keys()], candidates: Math.min(candidates, vocabSize), targets: null, wantsLogits: false }
  const head = await runHead(model.decoder, joinedArrays(rows), wanted, 0, sequence.state)
  const at = (row: number): Distribution => {
    const { tokens, logprobs, entropy } = nextAt(head, row)
    return { candidates: candidatesOf(tokens, logprobs), entropy }
  }
  return { next: at(lensLayers.length), lens: lensLayers.map((layer, row) => ({ layer, ...at(row) })) }
}
