// What may be written into a breakpoint's condition before any session runs: the language's words, and the features that the user works with.
import { completeExpression } from '../debug/expressions/completeExpression'
import { renderFeature } from '../formats/editLine'
import type { ConditionWord, PinsAndEdits } from '../protocol/requests'
import type { FeatureDescription, FeatureId } from '../protocol/values'

/** Pinned features first, then those with edits, then the words. */
export function conditionWords({ pins, edits }: PinsAndEdits, describe: (feature: FeatureId) => FeatureDescription): ConditionWord[] {
  const named = new Map([...pins, ...edits.map((edit) => edit.feature)].map((feature) => [renderFeature(feature), feature]))
  const features = [...named.values()].map((feature) => ({ feature, activation: null, label: describe(feature).label }))
  return completeExpression('', 0, { bounds: null, features, mayLook: false }).map(({ label, insert, kind, help }) => ({ label, insert, isFeature: kind === 'feature', help }))
}
