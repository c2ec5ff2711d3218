// The scopes of a frame, in the order in which they are shown. Asking for them computes nothing.
import type { FeatureId } from '../../../protocol/values'
import type { Frame, Live } from '../live'
import type { Row } from './container'
import { featureRows, pinnedRows } from './featureRows'
import { residualRows } from './residualRows'
import { editRows, samplerRows } from './settingRows'
import { lensRows, nextTokenRows } from './tokenRows'

export interface ScopeKind {
  readonly name: string
  /** Whether opening it computes what nobody has asked for yet: clients leave it closed. */
  readonly isExpensive: boolean
  /** `first` are features to be listed before all others. */
  rows(live: Live, frame: Frame, first: readonly FeatureId[], signal: AbortSignal): Promise<readonly Row[]>
}

export const SCOPES: readonly ScopeKind[] = [
  { name: 'Features', isExpensive: false, rows: featureRows },
  { name: 'Pinned', isExpensive: false, rows: (live, frame, _first, signal) => pinnedRows(live, frame, signal) },
  { name: 'Next token', isExpensive: false, rows: (live, frame, _first, signal) => nextTokenRows(live, frame, signal) },
  { name: 'Logit lens', isExpensive: true, rows: (live, frame, _first, signal) => lensRows(live, frame, signal) },
  { name: 'Residual', isExpensive: true, rows: (live, frame, _first, signal) => residualRows(live, frame, signal) },
  { name: 'Edits', isExpensive: false, rows: (live, frame) => Promise.resolve(editRows(live, frame)) },
  { name: 'Sampler', isExpensive: false, rows: (live, frame) => Promise.resolve(samplerRows(live, frame)) },
]
