// The selected token: what it is, how likely it was, what could have stood there, and the features that fired on it.
import type { RunDetail, RunToken, TokenFeatures } from '../../server/protocol/requests'
import type { TokenAlternative } from '../../server/protocol/values'
import { createBar } from '../widgets/bar'
import { createButton } from '../widgets/button'
import { createList, element, setAttribute, setShown, setText, type Part } from '../widgets/element'
import { visibleText } from '../widgets/tokenText'
import type { ScopeActions } from './controller'
import { createFeatureRow } from './featureRowView'
import { formatProbability, rangesText } from './format'
import { createLayersView } from './layersView'
import { createReadingView } from './readingView'
import { isRanked, rankedRows, selectedToken, type FeatureRow } from './selectors'
import type { ScopeState } from './state'

/** Says what to do while no token is selected, and why there are no features when the model has no SAE set. */
export function createTokenDetailsView(actions: ScopeActions): Part<ScopeState> {
  const hint = element('p', { class: 'hint' })
  const facts = createFacts()
  const alternatives = createAlternatives()
  const telling = element('ul', { class: 'feature-rows' })
  const note = element('p', { class: 'note' })
  const unranked = element('p', { class: 'hint' }, 'Its features are not known right now.')
  const updateTelling = createList<FeatureRow>(telling, (row) => row.name, (row) => createFeatureRow(actions, row))
  const layers = createLayersView(actions)
  const reading = createReadingView(actions)
  const noFeatures = element('p', { class: 'hint' }, 'This run has no features: no SAE set was found for the model. Choose one in the settings (promptscope.sae).')
  const features = element('div', { class: 'features' },
    element('h3', {}, 'Most telling features'),
    note,
    telling,
    unranked,
    element('h3', {}, 'By layer'),
    element('p', { class: 'note' }, 'Each layer’s features by activation.'),
    reading.element,
    layers.element,
  )
  const body = element('div', { class: 'details-body' }, facts.element, alternatives.element, features, noFeatures)
  return {
    element: element('section', { class: 'details', 'aria-labelledby': 'details-title' }, element('h2', { id: 'details-title' }, 'Selected token'), hint, body),
    update(state) {
      const token = selectedToken(state)
      setShown(body, token !== null)
      setShown(hint, token === null)
      setText(hint, state.selectedIndex === null ? 'Select a token, here or in the editor, to see its features and what else could stand there.' : `Token ${state.selectedIndex} has not been generated yet.`)
      if (!token || !state.run) return
      facts.update(token)
      alternatives.update(token)
      const hasFeatures = state.run.saeLayers.length > 0
      setShown(features, hasFeatures)
      setShown(noFeatures, !hasFeatures)
      if (!hasFeatures) return
      layers.update({ state, index: token.index })
      reading.update(state)
      const rows = rankedRows(state, token.index)
      const waiting = rows === null && !isRanked(state, token.index)
      // While the order is asked for, the list keeps its height and shows nothing of another token.
      telling.classList.toggle('waiting', waiting)
      setAttribute(telling, 'aria-busy', waiting ? 'true' : undefined)
      setShown(unranked, rows === null && !waiting)
      if (waiting) return
      setText(note, listWords(state.rankings[token.index]?.listed ?? null, state.run))
      updateTelling(rows ?? [])
    },
  }
}

/** The rule of the list, which hovers and the terminal follow too. */
function listWords(listed: TokenFeatures | null, { layers, saeLayers }: RunDetail): string {
  const suspects = listed?.features.some(({ isSuspect }) => isSuspect) ? 'First, with ⚠, those that come to the fore where the completion goes wrong. ' : ''
  const bars = listed?.measure === 'strength' ? 'the feature’s own maximum' : 'the layer’s greatest activation in this run'
  const partly = layers.length < saeLayers.length ? ` Of ${layers.length === 1 ? 'layer' : 'layers'} ${rangesText(layers)}; the others have not been read.` : ''
  return `${suspects}Strong for themselves and rare elsewhere, as in hovers. Bars: share of ${bars}.${partly}`
}

function createFacts(): Part<RunToken> {
  const text = element('span', { class: 'token-large' })
  const index = element('dd', { class: 'number' })
  const id = element('dd', { class: 'number' })
  const probability = element('dd', { class: 'number' })
  const kind = element('dd', {})
  const outlier = element('p', { class: 'warning' }, 'Outlier: this token’s residual is far larger than the others’. Features here are out of distribution; read them with care.')
  const pair = (term: string, value: HTMLElement): HTMLElement => element('div', {}, element('dt', {}, term), value)
  return {
    element: element('div', {}, element('div', { class: 'facts' }, text, element('dl', {}, pair('Token', index), pair('Id', id), pair('Probability', probability), pair('Part', kind))), outlier),
    update(token) {
      setText(text, visibleText(token.display) || '∅')
      setText(index, String(token.index))
      setText(id, String(token.id))
      setText(probability, formatProbability(token.logprob))
      setText(kind, token.generated ? 'completion' : 'prompt')
      setShown(outlier, token.outlier)
    },
  }
}

interface AlternativeRow extends TokenAlternative {
  readonly taken: boolean
}

/** So many alternatives are shown at first; features matter more and come below. */
const FIRST_ALTERNATIVES = 5

function createAlternatives(): Part<RunToken> {
  const list = element('ul', { class: 'alternatives' })
  const title = element('h3', {}, 'Could stand here')
  const update = createList<AlternativeRow>(list, ({ id }) => String(id), () => {
    const text = element('span', { class: 'alternative-text' })
    const taken = element('span', { class: 'alternative-taken' })
    const bar = createBar()
    const value = element('span', { class: 'number' })
    const item = element('li', {}, taken, text, bar.element, value)
    return {
      element: item,
      update(row) {
        setText(text, visibleText(row.text) || '∅')
        setText(value, formatProbability(row.logprob))
        setText(taken, row.taken ? '✓' : '')
        setAttribute(taken, 'aria-label', row.taken ? 'this token' : undefined)
        setAttribute(taken, 'role', row.taken ? 'img' : undefined)
        item.classList.toggle('taken', row.taken)
        bar.update({ before: Math.exp(row.logprob), after: null })
      },
    }
  })
  let shown: RunToken | null = null
  let all = false
  const more = createButton('quiet', () => {
    all = !all
    if (shown) draw(shown)
  }, { text: 'Show all' }, 'small more')
  const box = element('div', {}, title, list, more.element)
  const draw = (token: RunToken): void => {
    const rows = token.alternatives.map((alternative) => ({ ...alternative, taken: alternative.id === token.id }))
    // The token itself is always among them, wherever it ranks.
    const first = rows.filter(({ taken }, rank) => taken || rank < FIRST_ALTERNATIVES)
    setShown(box, rows.length > 0)
    setShown(more.element, rows.length > first.length)
    more.update({ text: all ? 'Show fewer' : `Show all ${rows.length}` })
    update(all ? rows : first)
  }
  return {
    element: box,
    update(token) {
      shown = token
      draw(token)
    },
  }
}
