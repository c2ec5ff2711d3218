// What the loaded model has, so that a layer or a feature that it has not is refused where it is written.
import type { LoadedModel } from '../../engine/engine'
import { rangesText } from '../../formats/rangesText'
import type { FeatureId, TextRange } from '../../protocol/values'
import { refuse, type Source } from './source'

export interface Bounds {
  /** Of the model. */
  readonly layers: number
  /** Those with an SAE, ascending; empty without an SAE set. */
  readonly saeLayers: readonly number[]
  /** Per layer; null without an SAE set. */
  readonly features: number | null
}

export function boundsOf(model: Pick<LoadedModel, 'identity' | 'sae' | 'saeLayers'>): Bounds {
  return { layers: model.identity.layers, saeLayers: model.saeLayers, features: model.sae?.dSae ?? null }
}

/** Throws InputError for a feature that the SAE set does not have; with null bounds anything may be there. */
export function checkFeature(source: Source, at: TextRange, { layer, feature }: FeatureId, bounds: Bounds | null): void {
  checkSaeLayer(source, at, layer, bounds)
  if (bounds?.features && feature >= bounds.features) refuse(source, at, `names feature ${feature} of ${bounds.features}`, `write 0 to ${bounds.features - 1}`)
}

/** Throws InputError for a layer without an SAE. */
export function checkSaeLayer(source: Source, at: TextRange, layer: number, bounds: Bounds | null): void {
  if (!bounds || bounds.saeLayers.includes(layer)) return
  if (bounds.saeLayers.length === 0) refuse(source, at, `asks for features of layer ${layer} of a model without an SAE set`, 'name an SAE set in the launch configuration')
  refuse(source, at, `names layer ${layer}, which has no SAE,`, `choose one of the layers ${rangesText(bounds.saeLayers)}`)
}

/** Throws InputError for a layer that the model does not have. */
export function checkLayer(source: Source, at: TextRange, layer: number, bounds: Bounds | null): void {
  if (bounds && layer >= bounds.layers) refuse(source, at, `names layer ${layer} of a model with ${bounds.layers}`, `write 0 to ${bounds.layers - 1}`)
}
