// The whole panel: lays out its parts and decides between the run and the empty state.
import { element, setProperty, setShown, type Part } from '../widgets/element'
import { createProgressBar } from '../widgets/progress'
import { createChartView } from './chartView'
import { createComparisonView } from './comparisonView'
import type { ScopeActions } from './controller'
import { createEditsView } from './editsView'
import { createFaultsView } from './faultsView'
import { createHeaderView } from './headerView'
import { createEmptyView, createProblemsView } from './messagesView'
import { createPinsView } from './pinsView'
import type { ScopeState } from './state'
import { createTokenDetailsView } from './tokenDetailsView'
import { createTokensView } from './tokensView'

/** Two columns where there is room, one where there is not. */
export function createScopeView(actions: ScopeActions): Part<ScopeState> {
  const empty = createEmptyView(actions)
  const problems = createProblemsView(actions)
  const header = createHeaderView(actions)
  const edits = createEditsView(actions)
  const faults = createFaultsView(actions)
  const progress = createProgressBar('Tokens generated')
  const tokens = createTokensView(actions)
  const details = createTokenDetailsView(actions)
  const pins = createPinsView(actions)
  const chart = createChartView(actions)
  const comparison = createComparisonView(actions)
  const top = element('div', { class: 'top' }, header.element, edits.element, progress.element)
  const run = element('div', { class: 'run' },
    top,
    faults.element,
    element('main', { class: 'columns' }, tokens.element, element('aside', { class: 'inspector' }, details.element, pins.element), chart.element, comparison.element),
  )
  // What sticks below the header must know how tall it is; the header grows with the chips it holds.
  new ResizeObserver(() => setProperty(run, '--top-height', `${top.offsetHeight + 16}px`)).observe(top)
  const parts = [header, edits, faults, tokens, details, pins, chart, comparison]
  return {
    element: element('div', { class: 'scope' }, problems.element, empty.element, run),
    update(state) {
      problems.update(state)
      empty.update(state)
      setShown(empty.element, state.run === null)
      setShown(run, state.run !== null)
      if (!state.run) return
      run.classList.toggle('edited', state.run.edits.some(({ firedAt }) => firedAt.length > 0))
      for (const part of parts) part.update(state)
      progress.update(state.run.status.kind === 'running' ? Math.min(1, state.run.generatedTokens / Math.max(1, state.run.generate)) : null)
    },
  }
}
