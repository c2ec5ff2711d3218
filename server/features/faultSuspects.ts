// Which features come to the fore where a fault begins: a first idea, without running anything, of what proposeSuppressions would try.
import { renderFeature } from '../formats/editLine'
import { featuresOn, layersOf } from '../protocol/featureColumns'
import type { RunDetail } from '../protocol/requests'
import type { RunRecord } from '../protocol/runRecord'
import type { FeatureId } from '../protocol/values'
import type { Fault } from '../runs/detectors'
import { contrastWeighted } from './contrast'

/** Tokens of the fault that are looked at, and tokens before it that they are compared with. */
const FAULT_TOKENS = 24
const OTHER_TOKENS = 48
/** Beyond these the contrast says little. */
const SUSPECTS = 24

type SuspectedRun = Pick<RunRecord, 'tokens' | 'features'>

/** Suspects of finished tables, for the fault that was asked about last. */
const known = new WeakMap<SuspectedRun['features'], { readonly first: number; readonly suspects: readonly FeatureId[] }>()

/** True from the token that predicts the fault's first one to the first whose text shows it. */
export function isWhereFaultBegins(run: Pick<RunDetail, 'tokens'>, fault: Fault, tokenIndex: number): boolean {
  if (tokenIndex < fault.first - 1) return false
  const visible = run.tokens.findIndex(({ text }, index) => index >= fault.first && text !== '')
  return tokenIndex <= (visible < 0 ? fault.last : visible)
}

/** The suspects among a token's features, by how much more they fire on the tokens that predict the fault's than on those before, most first. */
export function faultSuspects(run: SuspectedRun, fault: Fault, tokenIndex: number, count: number): FeatureId[] {
  const fires = new Set(layersOf(run.features).flatMap((layer) => featuresOn(run.features[layer], tokenIndex).map(({ feature }) => renderFeature({ layer, feature }))))
  return suspectsOf(run, fault).filter((feature) => fires.has(renderFeature(feature))).slice(0, count)
}

function suspectsOf(run: SuspectedRun, fault: Fault): readonly FeatureId[] {
  const found = known.get(run.features)
  if (found?.first === fault.first) return found.suspects
  const start = fault.first - 1
  const end = Math.min(fault.last, start + FAULT_TOKENS)
  const layers = layersOf(run.features)
  const tokens = run.tokens.slice(Math.max(0, start - OTHER_TOKENS), end).filter(({ outlier }) => !outlier)
  const suspects = contrastWeighted(tokens.map(({ index }) => ({
    weight: index >= start ? 1 : 0,
    features: Object.fromEntries(layers.map((layer) => [layer, featuresOn(run.features[layer], index)])),
  }))).slice(0, SUSPECTS).map(({ feature }) => feature)
  known.set(run.features, { first: fault.first, suspects })
  return suspects
}
