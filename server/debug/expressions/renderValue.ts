// Values as one line of text, for Watch, hovers, the debug console and log messages.
import { renderFeature } from '../../formats/editLine'
import type { FeatureId } from '../../protocol/values'
import { activationText, numberText, probabilityText } from './numberText'
import type { NumberUnit, Value } from './value'

/** What a value's line is told with. */
export interface Words {
  /** Short words for a feature, or null. */
  label(feature: FeatureId): string | null
  tokenText(id: number): string
}

/** For a line that names neither labels nor the texts of tokens that are not there. */
export const NO_WORDS: Words = { label: () => null, tokenText: (id) => `token ${id}` }

/** Entries of a list that its line names; the rest is counted. */
const SHOWN = 20

/** Begins with the number where there is one: `31.2 "code"`, `0.42`, `" river"`, `" the" 0.42, " a" 0.13`. */
export function renderValue(value: Value, words: Words): string {
  switch (value.kind) {
    case 'activation': return withLabel(activationText(value.activation), words.label(value.feature))
    case 'number': return NUMBER_TEXT[value.unit](value.number)
    case 'text': return JSON.stringify(value.text)
    case 'truth': return String(value.truth)
    case 'features': return list(value.features.map(({ feature, activation }) => featureText({ layer: value.layer, feature }, activation, words)), 'no feature fires')
    case 'candidates': return list(value.candidates.map(({ id, logprob }) => `${JSON.stringify(words.tokenText(id))} ${probabilityText(Math.exp(logprob))}`), 'no candidate')
    case 'token': return `${JSON.stringify(value.token.text === '' ? value.token.display : value.token.text)} token ${value.token.index}`
    case 'unknown': return `unknown: ${value.why}`
  }
}

/** As it stands in a log message: texts bare, with line breaks made visible so that a message stays on its line. */
export function renderLogged(value: Value, words: Words): string {
  if (value.kind === 'unknown') return 'unknown'
  return value.kind === 'text' ? value.text.replace(/\r?\n/g, '↵') : renderValue(value, words)
}

const NUMBER_TEXT: Readonly<Record<NumberUnit, (number: number) => string>> = { activation: activationText, probability: probabilityText, plain: numberText }

function featureText(feature: FeatureId, activation: number, words: Words): string {
  return withLabel(`${renderFeature(feature)} ${activationText(activation)}`, words.label(feature))
}

function withLabel(text: string, label: string | null): string {
  return label === null ? text : `${text} ${JSON.stringify(label)}`
}

function list(entries: readonly string[], none: string): string {
  if (entries.length === 0) return none
  const rest = entries.length - SHOWN
  return entries.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
