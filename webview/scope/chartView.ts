// The chosen feature's activation over all tokens as a chart, with the same in words and as a table.
import { createActivationChart } from '../widgets/activationChart'
import { createButton } from '../widgets/button'
import { element, setShown, setText, type Part } from '../widgets/element'
import { visibleText } from '../widgets/tokenText'
import type { ScopeActions } from './controller'
import { featureName, formatActivation } from './format'
import { chosenHeat, heatSummary, layerState, type Heat } from './selectors'
import type { ScopeState } from './state'

/** The table lists this many of the strongest tokens. */
const TABLE_ROWS = 20

/** Says how to choose a feature while none is chosen. */
export function createChartView(actions: ScopeActions): Part<ScopeState> {
  const title = element('h2', { id: 'chart-title' })
  const label = element('span', { class: 'feature-label' })
  const close = createButton('quiet', () => chosen && actions.toggleChosen(chosen), { text: 'Clear', label: 'Take the feature off the tokens' }, 'small')
  const chart = createActivationChart(actions.selectToken)
  const summary = element('p', { class: 'note' })
  const keyed = (side: 'before' | 'after', words: string): HTMLElement => element('span', {}, element('span', { class: `swatch ${side}` }), words)
  const key = element('p', { class: 'note chart-key' }, keyed('before', 'as it arrived at the layer'), keyed('after', 'after the edits'))
  const table = element('tbody')
  const details = element('details', { class: 'chart-table' }, element('summary', {}, 'Strongest tokens as a table'),
    element('table', {}, element('thead', {}, element('tr', {}, ...['Token', 'Text', 'Part', 'Activation'].map((name) => element('th', { scope: 'col' }, name)))), table))
  const hint = element('p', { class: 'hint' }, 'Press a feature’s name to see its activation over all tokens, here and behind the text.')
  const missing = element('p', { class: 'hint', role: 'status' })
  const body = element('div', { class: 'chart-body' }, chart.element, key, summary, details)
  let chosen: ScopeState['chosenFeature'] = null
  let shown: ScopeState | null = null
  details.addEventListener('toggle', () => shown && fillTable(chosenHeat(shown)))
  const fillTable = (heat: Heat | null): void => {
    if (!details.open || !heat || !shown?.run) return table.replaceChildren()
    const { tokens } = shown.run
    const strongest = heat.values.flatMap((value, index) => (value > 0 ? [{ value, index }] : [])).sort((a, b) => b.value - a.value).slice(0, TABLE_ROWS)
    table.replaceChildren(...strongest.map(({ value, index }) => {
      const pick = element('button', { class: 'link', type: 'button' }, String(index))
      pick.addEventListener('click', () => actions.selectToken(index))
      return element('tr', {}, element('td', { class: 'number' }, pick), element('td', { class: 'mono' }, visibleText(tokens[index]!.display)), element('td', {}, tokens[index]!.generated ? 'completion' : 'prompt'), element('td', { class: 'number' }, formatActivation(value)))
    }))
  }

  return {
    element: element('section', { class: 'chart', 'aria-labelledby': 'chart-title' }, element('div', { class: 'section-head' }, title, label, close.element), hint, missing, body),
    update(state) {
      const previous = shown
      shown = state
      const { run, chosenFeature } = state
      chosen = chosenFeature
      setText(title, chosenFeature ? `${featureName(chosenFeature)} over all tokens` : 'One feature over all tokens')
      setText(label, (chosenFeature && state.descriptions[featureName(chosenFeature)]?.label) ?? '')
      setShown(close.element, chosenFeature !== null)
      setShown(hint, chosenFeature === null)
      const heat = chosenHeat(state)
      const words = run && chosenFeature && !heat ? missingWords(state, chosenFeature.layer) : ''
      setText(missing, words)
      setShown(missing, words !== '')
      setShown(body, heat !== null)
      if (!run || !chosenFeature || !heat) return
      if (run === previous?.run && chosenFeature === previous.chosenFeature && state.heat === previous.heat && state.selectedIndex === previous.selectedIndex) return
      const sentence = heatSummary(run, heat)
      setText(summary, sentence)
      setShown(key, heat.after !== null)
      chart.update({
        values: heat.values,
        after: heat.after,
        scale: heat.scale,
        selected: state.selectedIndex,
        boundary: run.promptTokens < run.tokens.length ? run.promptTokens : null,
        summary: sentence,
        words: (index) => {
          const token = run.tokens[index]!
          const after = heat.after ? [`after the edits ${formatActivation(heat.after[index] ?? 0)}`] : []
          return [`${visibleText(token.display)}   token ${index}`, `${featureName(heat.feature)} ${formatActivation(heat.values[index] ?? 0)}`, ...after, ...(token.outlier ? ['outlier'] : [])]
        },
      })
      if (state.selectedIndex === previous?.selectedIndex || !details.open) fillTable(heat)
    },
  }
}

/** Empty while the host is about to answer. */
function missingWords(state: ScopeState, layer: number): string {
  const read = layerState(state, layer)
  if (read === 'reading') return `Reading layer ${layer}…`
  if (read === 'read') return ''
  return state.run?.status.kind === 'running' ? `Layer ${layer} is not read while the run goes on.` : `Layer ${layer} has not been read in this run.`
}
