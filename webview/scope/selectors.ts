// What the views draw, worked out from the state: the selected token's features, heat over the tokens, scales. Pure.
import type { LayerFeatures, RunDetail, RunToken } from '../../server/protocol/requests'
import type { FeatureActivation, FeatureDescription, FeatureId } from '../../server/protocol/values'
import { boost, boostUnits, editsOf, readEditLine, suppression } from './editLine'
import { featureName, sameFeature } from './format'
import type { ScopeState } from './state'

/** A feature on one token, ready to draw. */
export interface FeatureRow {
  readonly name: string
  readonly feature: FeatureId
  readonly description: FeatureDescription | null
  /** Why nothing is known of the feature here: its layer has not been read, is being read, or the host has not answered yet. */
  readonly missing: 'unread' | 'reading' | 'asked' | null
  /** Activation of the residual as it arrived; 0 where the feature is not among the top k, or `missing`. */
  readonly activation: number
  /** Activation after the layer's edits; null where no edit touched the layer's features here. */
  readonly after: number | null
  /** True where a fault begins and the feature comes to the fore with it. */
  readonly suspect: boolean
  /** Lengths of the bars, 0..1: shares of the layer's scale, or of what the host measures a token's most telling features by. */
  readonly share: number
  readonly shareAfter: number | null
  readonly chosen: boolean
  readonly pinned: boolean
  readonly suppressed: boolean
  /** Enabled edit lines of this feature other than suppression, without its name: `+= 6.2`. */
  readonly edits: readonly string[]
  /** One slider unit: the feature's usual activation. */
  readonly boostUnit: number
  /** Slider position of the boost in force, in units. */
  readonly boostUnits: number
}

/** The boost slider reaches this many times the usual activation either way. */
export const BOOST_LIMIT = 4
/** The slider's grid, in units of the usual activation. */
export const BOOST_STEP = 0.25

/** Activations of the chosen feature over all tokens, and how to draw them. */
export interface Heat {
  readonly feature: FeatureId
  readonly values: readonly number[]
  /** After the layer's edits, where the layer was edited. */
  readonly after: readonly number[] | null
  /** The activation that is drawn at full strength: the greatest on tokens that are no outliers. */
  readonly scale: number
}

/** The selected token, or null when none is or it has not been generated yet. */
export function selectedToken(state: ScopeState): RunToken | null {
  return state.selectedIndex === null ? null : (state.run?.tokens[state.selectedIndex] ?? null)
}

/** All features of a token at a layer, strongest first, also those that an edit brought in. */
export function layerRows(state: ScopeState, layer: number, index: number): readonly FeatureRow[] {
  const { features: before = [], after = [] } = layerOn(state, layer, index) ?? {}
  const known = new Set(before.map(({ feature }) => feature))
  const added = (after ?? []).filter(({ feature }) => !known.has(feature))
  return [...before, ...added].map(({ feature }) => featureRow(state, { layer, feature }, index))
}

/** A token's most telling features across layers, as the host ranked them; null until it has answered or when it could not. */
export function rankedRows(state: ScopeState, index: number): readonly FeatureRow[] | null {
  const listed = state.rankings[index]?.listed
  return listed?.features.map(({ feature, bar, isSuspect }) => {
    const row = featureRow(state, feature, index)
    return { ...row, suspect: isSuspect, share: bar, shareAfter: row.shareAfter === null || row.activation === 0 ? row.shareAfter : row.shareAfter * (bar / row.share) }
  }) ?? null
}

/** What the host said about a layer on a token; undefined where it has not answered or the layer has not been read. */
export function layerOn({ rankings }: ScopeState, layer: number, index: number): LayerFeatures | undefined {
  return rankings[index]?.listed?.layers.find((each) => each.layer === layer)
}

/** What is being read of the run shown; null when nothing is. */
export function readingOf({ run, reading }: ScopeState): ScopeState['reading'] {
  return reading !== null && reading.runId === run?.id ? reading : null
}

/** Whether a layer of the run shown has been read, and if not whether it is under way. */
export function layerState(state: ScopeState, layer: number): 'read' | 'reading' | 'unread' {
  if (!state.run || state.run.layers.includes(layer)) return 'read'
  return readingOf(state)?.layers.includes(layer) ? 'reading' : 'unread'
}

/** Whether the host has said how a token's features rank in the run as it is now. */
export function isRanked({ run, rankings }: ScopeState, index: number): boolean {
  const ranking = rankings[index]
  return ranking !== undefined && ranking.ofTokens === run?.tokens.length && ranking.ofLayers === run.layers.length && ranking.ofEndedRun === (run.status.kind !== 'running')
}

/** One feature on one token; `index` null gives a row without activation. */
export function featureRow(state: ScopeState, feature: FeatureId, index: number | null): FeatureRow {
  const { run, pinsAndEdits } = state
  const name = featureName(feature)
  const description = state.descriptions[name] ?? null
  const onToken = index === null ? undefined : layerOn(state, feature.layer, index)
  const read = layerState(state, feature.layer)
  const activation = activationIn(onToken?.features, feature)
  const after = onToken?.after ? activationIn(onToken.after, feature) : null
  const scale = run ? layerScale(run, feature.layer) : 1
  const unit = usualActivation(state, feature)
  const boosted = boost(pinsAndEdits, feature)
  const suppressing = suppression(pinsAndEdits, feature)
  return {
    name, feature, description, activation,
    missing: index === null ? null : read !== 'read' ? read : onToken ? null : 'asked',
    after: after !== null && Math.abs(after - activation) > 1e-6 * Math.max(1, activation) ? after : null,
    suspect: false,
    share: activation / scale,
    shareAfter: after === null ? null : after / scale,
    chosen: sameFeature(feature, state.chosenFeature),
    pinned: pinsAndEdits.pins.some((pin) => sameFeature(pin, feature)),
    suppressed: suppressing !== null,
    edits: editsOf(pinsAndEdits, feature).filter((edit) => edit !== suppressing).map(({ line }) => line.replace(/^\s*\S+\s+/, '')),
    boostUnit: unit,
    boostUnits: boosted ? boostUnits(readEditLine(boosted.line)?.value ?? 0, unit, BOOST_STEP, BOOST_LIMIT) : 0,
  }
}

/** The chosen feature over all tokens, as far as the host has told; null until it has. */
export function chosenHeat(state: ScopeState): Heat | null {
  const { run, chosenFeature, heat } = state
  if (!run || !chosenFeature || !heat) return null
  const values = run.tokens.map((_token, i) => heat.activations[i] ?? 0)
  const after = heat.after && run.tokens.map((_token, i) => heat.after![i] ?? 0)
  const all = after ? values.map((value, i) => Math.max(value, after[i]!)) : values
  const typical = all.filter((_value, i) => !run.tokens[i]!.outlier)
  return { feature: chosenFeature, values, after, scale: greatest(typical) || greatest(all) || 1 }
}

/** Heat in steps for the style sheet: 0 nothing, 1..6 weak to strong. */
export function heatStep(value: number, scale: number): number {
  return value <= 0 ? 0 : Math.max(1, Math.min(6, Math.ceil((value / scale) * 6)))
}

/** The chosen feature's activations as one sentence, for those who cannot see the chart. */
export function heatSummary(run: RunDetail, heat: Heat): string {
  const fired = heat.values.flatMap((value, index) => (value > 0 ? [{ value, index }] : []))
  const name = featureName(heat.feature)
  if (fired.length === 0) return `${name} is not active on any of the ${run.tokens.length} tokens.`
  const generated = fired.filter(({ index }) => run.tokens[index]!.generated).length
  const strongest = fired.filter(({ index }) => !run.tokens[index]!.outlier).sort((a, b) => b.value - a.value)[0] ?? fired[0]!
  const cutOff = fired.filter(({ value, index }) => run.tokens[index]!.outlier && value > heat.scale)
  const notes = cutOff.map(({ value, index }) => ` Token ${index} is an outlier (${value.toFixed(1)}) and is cut off.`).slice(0, 2)
  return `${name} is active on ${fired.length} of ${run.tokens.length} tokens, ${generated} of them generated; strongest on token ${strongest.index} “${run.tokens[strongest.index]!.display.trim()}” with ${strongest.value.toFixed(2)}.${notes.join('')}`
}

/** All features whose descriptions the views need now. */
export function shownFeatures(state: ScopeState): readonly FeatureId[] {
  const index = selectedToken(state)?.index
  const rows = index === undefined ? [] : [...(rankedRows(state, index) ?? []), ...state.openLayers.flatMap((layer) => layerRows(state, layer, index))]
  const tops = index === undefined ? [] : (state.rankings[index]?.listed?.layers ?? []).flatMap(({ layer, features }) => features.slice(0, 1).map(({ feature }) => ({ layer, feature })))
  const edited = state.pinsAndEdits.edits.map((edit) => edit.feature)
  return [...rows.map(({ feature }) => feature), ...tops, ...state.pinsAndEdits.pins, ...edited, ...(state.chosenFeature ? [state.chosenFeature] : [])]
}

/** The greatest activation of a layer on tokens that are no outliers: the length of a full bar. Never 0. */
export function layerScale(run: RunDetail, layer: number): number {
  return run.layerScales[layer] ?? 1
}

function activationIn(features: readonly FeatureActivation[] | undefined, { feature }: FeatureId): number {
  return features?.find((each) => each.feature === feature)?.activation ?? 0
}

/** The label data's usual activation, else the feature's own greatest in this run, else the layer's scale. */
function usualActivation(state: ScopeState, feature: FeatureId): number {
  const name = featureName(feature)
  const described = state.descriptions[name]?.typicalActivation
  if (described && described > 0) return described
  return state.greatest[name] || (state.run ? layerScale(state.run, feature.layer) : 1)
}

function greatest(values: readonly number[]): number {
  let most = 0
  for (const value of values) if (value > most) most = value
  return most
}
