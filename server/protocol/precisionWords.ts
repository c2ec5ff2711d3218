// How precisions and what they cost are put for people, alike in the editor, in the panel and in a terminal.
import type { QuantisedEntry } from './requests'
import type { Precision, PrecisionCost } from './values'

/** `exact`, `q8`, `q4 (approximate)`: features that are read at 4 bits are a hint, not a reading. */
export function precisionLabel(precision: Precision): string {
  return precision === 'q4' ? 'q4 (approximate)' : precision
}

/** What to expect where nothing was measured: shape of the Qwen3-1.7B on two cores for the speed, the demo model for the features. */
export const PRECISION_WORDS: Readonly<Record<Precision, { readonly weights: string; readonly speed: string; readonly accuracy: string }>> = {
  exact: { weights: 'float32 from the stored weights', speed: 'slowest', accuracy: 'features are exact' },
  q8: { weights: '8-bit weights', speed: 'about 3 times as fast as exact', accuracy: 'features nearly as at exact' },
  q4: { weights: '4-bit weights', speed: 'about 4 times as fast as exact', accuracy: 'good for chat, a hint for reading features' },
}

/** `keeps 97.2 % of the top features, residuals off by 0.8 %, same next token on 98 %`; the worst layer of each. */
export function costWords({ features, residualError, sameToken }: PrecisionCost): string {
  const kept = features.length === 0 ? [] : [`keeps ${inPercent(Math.min(...features.map((layer) => layer.kept)))} of the top features`]
  return [...kept, `residuals off by ${inPercent(Math.max(...residualError))}`, `same next token on ${inPercent(sameToken)}`].join(', ')
}

/** What quantised weights on disk are: `q8`, `SAE encoders`, `damaged`. */
export function kindWords({ kind, precision }: Pick<QuantisedEntry, 'kind' | 'precision'>): string {
  return kind === 'encoders' ? 'SAE encoders' : kind === 'damaged' ? 'damaged' : (precision ?? 'weights')
}

/** A share as a person reads it: never rounded up to all or down to nothing. */
export function inPercent(share: number): string {
  const percent = 100 * share
  const rounded = percent >= 10 ? percent.toFixed(1) : percent.toPrecision(2)
  if (share < 1 && Number(rounded) >= 100) return '99.9 %'
  return `${share === 0 ? '0' : rounded.replace(/\.0$/, '')} %`
}
