// Features as variables: the scopes Features and Pinned, and what a feature opens to.
import type { InspectedLayer } from '../../../engine/engine'
import { parseFeature, renderEdit, renderFeature } from '../../../formats/editLine'
import { VARIABLE_KIND } from '../../../protocol/debugRequests'
import type { Edit, FeatureActivation, FeatureId } from '../../../protocol/values'
import { rangesOf } from '../../editsFrom'
import { activationText, probabilityText } from '../../expressions/numberText'
import { parseFeatureValue } from '../../expressions/parseFeatureValue'
import type { Frame, Live } from '../live'
import { plainRow, type Row } from './container'
import { lookAtLayers } from './looks'

/** Features that stand above the groups of layers. */
const TELLING = 20

/**
 * On a layer's frame the layer's features, strongest first. On a token's: the most telling ones, `first` before all others, then one group per layer.
 */
export async function featureRows(live: Live, frame: Frame, first: readonly FeatureId[], signal: AbortSignal): Promise<Row[]> {
  if (frame.layer !== null) return layerRows(live, frame, frame.layer, signal)
  const { layers } = await lookAtLayers(live, frame, live.program.settings.layers, signal)
  const firing = layers.flatMap((layer) => ratedFeatures(live, layer))
  const named = first.map((feature) => ({ feature, layer: layers.find(({ layer }) => layer === feature.layer) })).filter(({ layer }) => layer !== undefined)
  const isNamed = (feature: FeatureId): boolean => first.some((each) => sameFeature(each, feature))
  const others = firing.filter(({ feature }) => !isNamed(feature)).sort((a, b) => b.rating - a.rating).slice(0, Math.max(0, TELLING - named.length))
  return [
    ...named.map(({ feature, layer }) => featureRow(live, frame, feature, layer!)),
    ...others.map(({ feature, layer }) => featureRow(live, frame, feature, layer)),
    ...layers.map((layer) => groupRow(live, frame, layer)),
  ]
}

/** Pinned features, also those that do not fire here. */
export async function pinnedRows(live: Live, frame: Frame, signal: AbortSignal): Promise<Row[]> {
  const pins = live.program.pins().filter(({ layer }) => live.program.model.saeLayers.includes(layer))
  const layers = [...new Set(pins.map(({ layer }) => layer))].sort((a, b) => a - b)
  if (layers.length === 0) return []
  const look = await lookAtLayers(live, frame, layers, signal)
  return pins.map((feature) => featureRow(live, frame, feature, look.layers.find(({ layer }) => layer === feature.layer)!))
}

/** One feature as it is on the frame's token. */
export async function lookUpFeature(live: Live, frame: Frame, feature: FeatureId, signal: AbortSignal): Promise<Row> {
  const look = await lookAtLayers(live, frame, layersWith(live, feature.layer), signal)
  return featureRow(live, frame, feature, look.layers.find(({ layer }) => layer === feature.layer)!)
}

/** The feature of this name, also one that does not fire; null for a name that is no feature of the SAE set. */
export async function rowOfFeature(live: Live, frame: Frame, name: string, signal: AbortSignal): Promise<Row | null> {
  const feature = parseFeature(name)
  const { sae, saeLayers } = live.program.model
  if (!feature || !sae || !saeLayers.includes(feature.layer) || feature.feature >= sae.dSae) return null
  return lookUpFeature(live, frame, feature, signal)
}

/** `31.2 "label"`; with an edit of it here `31.2, edited = 0 (1.2 after) "label"`, where others changed it `31.2 (28.4 after) "label"`. */
export function featureRow(live: Live, frame: Frame, feature: FeatureId, { features, after }: Pick<InspectedLayer, 'features' | 'after'>): Row {
  const name = renderFeature(feature)
  const description = live.program.describe(feature)
  const activation = activationIn(features, feature.feature)
  const edited = after === null ? null : activationIn(after, feature.feature)
  const edits = editsHere(live, frame, feature)
  const change = `${edits === '' ? '' : `, edited ${edits}`}${edited === null || edited === activation ? '' : ` (${activationText(edited)} after)`}`
  const inside = (): Row[] => [
    plainRow('label', description.label ?? 'none', 'text'),
    plainRow('activation', activationText(activation), 'number', name),
    ...(edited === null ? [] : [plainRow('after edits', activationText(edited), 'number')]),
    ...(description.tokens.length === 0 ? [] : [plainRow('fires on', description.tokens.map((token) => JSON.stringify(token)).join(' '))]),
    ...(description.maxActivation === null ? [] : [plainRow('strongest known', activationText(description.maxActivation), 'number')]),
    ...(description.typicalActivation === null ? [] : [plainRow('usual when it fires', activationText(description.typicalActivation), 'number')]),
    ...(description.density === null ? [] : [plainRow('share of tokens', probabilityText(description.density), 'number')]),
  ]
  return {
    name,
    value: `${activationText(activation)}${change}${labelText(description.label)}`,
    type: 'feature',
    evaluateName: name,
    inside: { path: name, indexed: null, rows: () => Promise.resolve(inside()) },
    memoryReference: null,
    menu: VARIABLE_KIND.feature,
    set: (text) => ({ kind: 'edit', feature, operation: parseFeatureValue(text) }),
  }
}

/** As it is, in quotes: a label tells of tokens such as `\n`, which need no second escape. */
export function labelText(label: string | null): string {
  return label === null ? '' : ` "${label}"`
}

/** Rows of features of one layer, strongest first. */
export function rowsOf(live: Live, frame: Frame, layer: number, features: readonly FeatureActivation[], after: InspectedLayer['after'] = null): Row[] {
  return features.map(({ feature }) => featureRow(live, frame, { layer, feature }, { features, after }))
}

/** The operations of the branch's edits of the feature at the frame's token, `= 0`; empty without any. */
function editsHere(live: Live, { branchId, position }: Frame, feature: FeatureId): string {
  const promptLength = live.program.prompt.ids.length
  const isHere = (edit: Edit): boolean => sameFeature(edit.feature, feature) && rangesOf(edit.positions, promptLength).some(([first, last]) => first <= position && position <= last)
  const name = renderFeature(feature)
  return live.debuggee.branch(branchId).edits.filter(isHere).map((edit) => renderEdit({ ...edit, positions: { kind: 'all' } }).slice(name.length + 1)).join(', ')
}

async function layerRows(live: Live, frame: Frame, layer: number, signal: AbortSignal): Promise<Row[]> {
  if (!live.program.model.saeLayers.includes(layer)) return [plainRow(`layer ${layer}`, live.program.model.sae ? 'has no autoencoder in this SAE set' : 'has no features: no SAE set is loaded')]
  const look = await lookAtLayers(live, frame, layersWith(live, layer), signal)
  const found = look.layers.find((each) => each.layer === layer)!
  return rowsOf(live, frame, layer, found.features, found.after)
}

function groupRow(live: Live, frame: Frame, { layer, features }: InspectedLayer): Row {
  return {
    ...plainRow(`layer ${layer}`, `${features.length} features`, 'layer', `top(${layer})`),
    inside: { path: `layer ${layer}`, indexed: features.length, rows: (signal) => layerRows(live, frame, layer, signal) },
  }
}

/** A layer is looked at together with those that are shown anyway: one look serves all of a frame's scopes. */
function layersWith(live: Live, layer: number): readonly number[] {
  const { layers } = live.program.settings
  return layers.includes(layer) ? layers : [layer]
}

/** Strong for the feature, and not firing everywhere: the rule of the editor's lists, on one token. */
function ratedFeatures(live: Live, layer: InspectedLayer): { readonly feature: FeatureId; readonly layer: InspectedLayer; readonly rating: number }[] {
  const greatest = layer.features[0]?.activation ?? 0
  return layer.features.map(({ feature, activation }) => {
    const id = { layer: layer.layer, feature }
    const { maxActivation, density } = live.program.describe(id)
    const strength = Math.min(1, activation / (maxActivation ?? greatest))
    return { feature: id, layer, rating: strength * (1.001 - (density ?? 0)) }
  })
}

function activationIn(features: readonly FeatureActivation[], wanted: number): number {
  return features.find(({ feature }) => feature === wanted)?.activation ?? 0
}

function sameFeature(a: FeatureId, b: FeatureId): boolean {
  return a.layer === b.layer && a.feature === b.feature
}
