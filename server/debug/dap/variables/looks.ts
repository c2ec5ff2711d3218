// Looks into the model for one frame, each taken once while its thread stands still.
import type { Inspection } from '../../../engine/engine'
import { mostActive } from '../../../protocol/values'
import type { InspectWanted } from '../../debuggee'
import type { Frame, Live } from '../live'

/** What comes back of these layers: features, and their sides after the edits. */
export function lookAtLayers(live: Live, frame: Frame, layers: readonly number[], signal: AbortSignal): Promise<Inspection> {
  return look(live, frame, { ...NOTHING, layers, top: mostActive(live.program.model.sae) }, signal)
}

/** Layers with the error of their SAE's reconstruction. */
export function lookAtResidual(live: Live, frame: Frame, layer: number, signal: AbortSignal): Promise<Inspection> {
  const hasSae = live.program.model.saeLayers.includes(layer)
  return look(live, frame, { ...NOTHING, layers: [layer], top: 1, reconstructionLayers: hasSae ? [layer] : [] }, signal)
}

/** What comes next, likeliest first. */
export function lookAhead(live: Live, frame: Frame, candidates: number, signal: AbortSignal): Promise<Inspection> {
  return look(live, frame, { ...NOTHING, candidates }, signal)
}

/** The same by the logit lens of layers. */
export function lookThroughLens(live: Live, frame: Frame, lensLayers: readonly number[], candidates: number, signal: AbortSignal): Promise<Inspection> {
  return look(live, frame, { ...NOTHING, lensLayers, candidates }, signal)
}

/** The residual vector as it leaves the layer. */
export function lookAtVector(live: Live, frame: Frame, layer: number, signal: AbortSignal): Promise<Inspection> {
  return look(live, frame, { ...NOTHING, residualLayers: [layer] }, signal)
}

const NOTHING: InspectWanted = { layers: [], top: 0, reconstructionLayers: [], lensLayers: [], candidates: 0, residualLayers: [] }

async function look(live: Live, { branchId, position }: Frame, wanted: InspectWanted, signal: AbortSignal): Promise<Inspection> {
  const looks = live.looks.get(branchId) ?? new Map<string, Inspection>()
  live.looks.set(branchId, looks)
  const key = JSON.stringify([position, wanted])
  const known = looks.get(key)
  if (known) return known
  const found = await live.debuggee.inspect(branchId, position, wanted, signal)
  looks.set(key, found)
  return found
}
