// Values as one line of text, for Watch, hovers, the debug console and log messages.
import { firstWords } from '../../features/firstWords'
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

/** Entries of a list that its line names where it can be opened to see the rest, and where it cannot. */
const SHOWN = { opens: 5, stands: 20 }

/** Begins with the number where there is one: `31.2 "code"`, `0.42`, `" river"`, `" the" 0.42, " a" 0.13`. Lists name their first entries. */
export function renderValue(value: Value, words: Words): string {
  return render(value, words, SHOWN.opens)
}

/** As it stands in a log message: texts bare, with line breaks made visible so that a message stays on its line. */
export function renderLogged(value: Value, words: Words): string {
  if (value.kind === 'unknown') return 'unknown'
  return value.kind === 'text' ? value.text.replace(/\r?\n/g, '↵') : render(value, words, SHOWN.stands)
}

function render(value: Value, words: Words, shown: number): string {
  switch (value.kind) {
    case 'activation': return withLabel(activationText(value.activation), words.label(value.feature))
    case 'number': return NUMBER_TEXT[value.unit](value.number)
    case 'text': return JSON.stringify(value.text)
    case 'truth': return String(value.truth)
    case 'features': return list(value.features.map(({ feature, activation }) => featureText({ layer: value.layer, feature }, activation, words)), shown, 'no feature fires')
    case 'candidates': return list(value.candidates.map(({ id, logprob }) => `${JSON.stringify(words.tokenText(id))} ${probabilityText(Math.exp(logprob))}`), shown, 'no candidate')
    case 'token': return `${JSON.stringify(value.token.text === '' ? value.token.display : value.token.text)} token ${value.token.index}`
    case 'unknown': return `unknown: ${value.why}`
  }
}

const NUMBER_TEXT: Readonly<Record<NumberUnit, (number: number) => string>> = { probability: probabilityText, plain: numberText }

/** In a list a label's first words do. */
function featureText(feature: FeatureId, activation: number, words: Words): string {
  const label = words.label(feature)
  return withLabel(`${renderFeature(feature)} ${activationText(activation)}`, label === null ? null : firstWords(label))
}

function withLabel(text: string, label: string | null): string {
  return label === null ? text : `${text} ${JSON.stringify(label)}`
}

function list(entries: readonly string[], shown: number, none: string): string {
  if (entries.length === 0) return none
  const rest = entries.length - shown
  return entries.slice(0, shown).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
