// The residual stream as variables: its length, what its SAE makes of it, and the reference under which its numbers are read.
import type { InspectedLayer } from '../../../engine/engine'
import { numberText, probabilityText } from '../../expressions/numberText'
import type { Frame, Live } from '../live'
import { plainRow, type Row } from './container'
import { lookAtLayers, lookAtResidual } from './looks'

/** On a layer's frame the layer's measures, on a token's one row per layer. */
export async function residualRows(live: Live, frame: Frame, signal: AbortSignal): Promise<Row[]> {
  if (frame.layer !== null) return measureRows(live, frame, frame.layer, signal)
  const all = Array.from({ length: live.program.model.identity.layers }, (_, layer) => layer)
  const { layers } = await lookAtLayers(live, frame, all, signal)
  return layers.map((each) => ({
    ...plainRow(`layer ${each.layer}`, `norm ${numberText(each.residualNorm)}`, 'residual', `norm(${each.layer})`),
    evaluateName: live.program.model.saeLayers.includes(each.layer) ? `norm(${each.layer})` : null,
    memoryReference: residualReference(frame, each.layer),
    inside: { path: `layer ${each.layer}`, indexed: null, rows: (inner) => measureRows(live, frame, each.layer, inner) },
  }))
}

/** Under which `readMemory` gives resid_post of the layer at the frame's token. */
export function residualReference({ branchId, position }: Frame, layer: number): string {
  return `resid/${branchId}/${position}/${layer}`
}

/** What a reference of `residualReference` names; null for any other text. */
export function parseResidualReference(reference: string): (Frame & { readonly layer: number }) | null {
  const match = /^resid\/(\d{1,9})\/(\d{1,9})\/(\d{1,9})$/.exec(reference)
  return match && { branchId: Number(match[1]), position: Number(match[2]), layer: Number(match[3]) }
}

async function measureRows(live: Live, frame: Frame, layer: number, signal: AbortSignal): Promise<Row[]> {
  const { layers } = await lookAtResidual(live, frame, layer, signal)
  const { residualNorm, reconstructionError } = layers[0] as InspectedLayer
  const { dModel } = live.program.model.identity
  return [
    plainRow('norm', numberText(residualNorm), 'number', live.program.model.saeLayers.includes(layer) ? `norm(${layer})` : null),
    ...(reconstructionError === null
      ? []
      : [plainRow('reconstruction error', probabilityText(reconstructionError), 'number'), plainRow('share explained', probabilityText(1 - reconstructionError), 'number')]),
    { ...plainRow('resid_post', `${dModel} numbers, float32`, 'vector'), memoryReference: residualReference(frame, layer) },
  ]
}
