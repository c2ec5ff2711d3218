// One feature on the selected token: name, label, activation, and the buttons that pin, suppress and boost it.
import { createBar } from '../widgets/bar'
import { createButton } from '../widgets/button'
import { element, setAttribute, setShown, setText, type Part } from '../widgets/element'
import { createSlider } from '../widgets/slider'
import type { ScopeActions } from './controller'
import { boostLine } from './editLine'
import { formatActivation } from './format'
import { BOOST_LIMIT, BOOST_STEP, type FeatureRow } from './selectors'

/** The row stays that of `first`'s feature; updates must be about the same one. */
export function createFeatureRow(actions: ScopeActions, first: FeatureRow): Part<FeatureRow> {
  let row = first
  const name = element('button', { class: 'feature-name', type: 'button' })
  const label = element('span', { class: 'feature-label' })
  const edits = element('span', { class: 'feature-edits' })
  const bar = createBar()
  const before = element('span', { class: 'value-before' })
  const after = element('span', { class: 'value-after' })
  const pin = createButton('quiet', () => actions.togglePinned(row.feature), { text: 'Pin' }, 'small')
  const suppress = createButton('quiet', () => actions.toggleSuppressed(row.feature), { text: 'Suppress' }, 'small')
  const slider = createSlider((units) => actions.setBoost(row.feature, units, row.boostUnit))
  name.addEventListener('click', () => actions.toggleChosen(row.feature))

  const suspect = element('span', { class: 'suspect-mark', role: 'img', 'aria-label': 'suspect', title: 'Fires more where the completion goes wrong than before' }, '⚠')
  const node = element('li', { class: 'feature-row' },
    element('span', { class: 'feature-head' }, suspect, name),
    element('span', { class: 'feature-words' }, label, edits),
    bar.element,
    element('span', { class: 'feature-value number' }, before, after),
    element('div', { class: 'feature-controls' }, element('span', { class: 'feature-buttons' }, pin.element, suppress.element), slider.element),
  )
  // The editor's own menu of the row; its commands get this.
  setAttribute(node, 'data-vscode-context', JSON.stringify({ webviewSection: 'feature', feature: first.feature, preventDefaultContextMenuItems: true }))
  return {
    element: node,
    update(next) {
      row = next
      setShown(suspect, next.suspect)
      setText(name, next.name)
      setAttribute(name, 'aria-pressed', String(next.chosen))
      setAttribute(name, 'aria-label', `${next.name}: ${next.chosen ? 'shown over all tokens' : 'show over all tokens'}`)
      setAttribute(name, 'title', next.chosen ? 'Shown over all tokens; press to take it away' : 'Show its activation over all tokens')
      setText(label, next.description?.label ?? wordsFromTokens(next))
      label.classList.toggle('unnamed', !next.description?.label)
      setAttribute(label, 'title', descriptionWords(next))
      setText(edits, next.edits.join('   '))
      setShown(edits, next.edits.length > 0)
      bar.update({ before: next.share, after: next.after === null ? null : next.shareAfter })
      setText(before, next.missing === null ? formatActivation(next.activation) : MISSING[next.missing](next.feature.layer))
      node.classList.toggle('missing', next.missing !== null)
      setText(after, next.after === null ? '' : ` → ${formatActivation(next.after)}`)
      setAttribute(after, 'aria-label', next.after === null ? undefined : `after the edits ${formatActivation(next.after)}`)
      pin.update({ text: next.pinned ? 'Pinned' : 'Pin', pressed: next.pinned, label: next.pinned ? `Unpin ${next.name}` : `Pin ${next.name}: keep it in view` })
      suppress.update({ text: next.suppressed ? 'Suppressed ×' : 'Suppress', pressed: next.suppressed, label: next.suppressed ? `Stop suppressing ${next.name}` : `Suppress ${next.name}: set it to 0 on all tokens` })
      slider.update({
        value: next.boostUnits,
        limit: BOOST_LIMIT,
        step: BOOST_STEP,
        name: 'Boost',
        label: `Boost ${next.name}; Enter or leaving sets it, Escape takes it back; in units of its usual activation ${formatActivation(next.boostUnit)}`,
        describe: (units) => (units === 0 ? 'no boost' : boostLine(next.feature, units, next.boostUnit)),
      })
      node.classList.toggle('chosen', next.chosen)
      node.classList.toggle('suppressed', next.suppressed)
    },
  }
}

/** What stands in place of a number that is not known. */
const MISSING: Readonly<Record<NonNullable<FeatureRow['missing']>, (layer: number) => string>> = {
  unread: (layer) => `layer ${layer} not read`,
  reading: (layer) => `reading layer ${layer}…`,
  asked: () => '…',
}

/** Without a label, the tokens on which the feature fires most say what it may be about. */
function wordsFromTokens(row: FeatureRow): string {
  const tokens = row.description?.tokens ?? []
  return tokens.length > 0 ? tokens.slice(0, 4).map((token) => `“${token.trim()}”`).join(' ') : 'no label'
}

function descriptionWords(row: FeatureRow): string {
  const { description } = row
  if (!description) return row.name
  const lines = [
    description.label ?? 'no label',
    description.tokens.length > 0 ? `fires most on ${description.tokens.slice(0, 8).map((token) => `“${token}”`).join(' ')}` : '',
    description.density === null ? '' : `fires on ${(description.density * 100).toPrecision(2)} % of tokens`,
    description.typicalActivation === null ? '' : `usual activation ${formatActivation(description.typicalActivation)}`,
    description.maxActivation === null ? '' : `greatest activation ${formatActivation(description.maxActivation)}`,
  ]
  return lines.filter(Boolean).join('\n')
}
