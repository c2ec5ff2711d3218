// The selected token's features layer by layer: every layer in one line, unfolded where the user wants to look closer.
import { createBar } from '../widgets/bar'
import { createList, element, setAttribute, setShown, setText, type Part } from '../widgets/element'
import type { ScopeActions } from './controller'
import { createFeatureRow } from './featureRowView'
import { count, featureName, formatActivation } from './format'
import { featureRow, layerOn, layerRows, layerScale, layerState, type FeatureRow } from './selectors'
import type { ScopeState } from './state'

interface LayerLine {
  readonly layer: number
  readonly open: boolean
  readonly state: ScopeState
  readonly index: number
}

/** Shows the features of the token at `index`, which the run must have. */
export function createLayersView(actions: ScopeActions): Part<{ readonly state: ScopeState; readonly index: number }> {
  const list = element('div', { class: 'layers' })
  const update = createList<LayerLine>(list, ({ layer }) => String(layer), ({ layer }) => createLayer(actions, layer))
  return {
    element: list,
    update({ state, index }) {
      update((state.run?.saeLayers ?? []).map((layer) => ({ layer, index, state, open: state.openLayers.includes(layer) })))
    },
  }
}

function createLayer(actions: ScopeActions, layer: number): Part<LayerLine> {
  const name = element('span', { class: 'layer-name' }, `L${layer}`)
  const strongest = element('span', { class: 'layer-strongest' })
  const bar = createBar()
  const value = element('span', { class: 'feature-value number' })
  const amount = element('span', { class: 'layer-amount number' })
  const rows = element('ul', { class: 'feature-rows' })
  const details = element('details', { class: 'layer' }, element('summary', {}, name, strongest, amount, bar.element, value), rows)
  const updateRows = createList<FeatureRow>(rows, (row) => row.name, (row) => createFeatureRow(actions, row))
  details.addEventListener('toggle', () => actions.unfoldLayer(layer, details.open))
  return {
    element: details,
    update({ state, index, open }) {
      const features = layerOn(state, layer, index)?.features
      const top = features?.[0]
      const row = top && featureRow(state, { layer, feature: top.feature }, index)
      const read = layerState(state, layer)
      setText(strongest, row ? `${featureName(row.feature)}${row.description?.label ? `  ${row.description.label}` : ''}` : emptyWords(state, layer, features !== undefined))
      strongest.classList.toggle('unnamed', !row)
      details.classList.toggle('unread', read !== 'read')
      setAttribute(details, 'aria-busy', read === 'reading' ? 'true' : undefined)
      bar.update({ before: row ? row.activation / layerScale(state.run!, layer) : 0, after: null })
      setText(value, row ? formatActivation(row.activation) : '')
      setText(amount, count(features?.length ?? 0, 'feature'))
      setShown(amount, row !== undefined)
      if (details.open !== open) details.open = open
      // Folded rows are not kept up to date; unfolding draws them.
      if (open) updateRows(layerRows(state, layer, index))
    },
  }
}

/** A layer on which nothing fires is another thing than one that has not been read. */
function emptyWords(state: ScopeState, layer: number, isKnown: boolean): string {
  const read = layerState(state, layer)
  if (read === 'read') return isKnown ? 'no active feature' : '…'
  if (read === 'reading') return `reading layer ${layer}…`
  return state.run?.status.kind === 'running' ? 'not read while the run goes on' : 'not read; unfold to read it'
}
