// The selected token's features layer by layer: every layer in one line, unfolded where the user wants to look closer.
import { createBar } from '../widgets/bar'
import { createList, element, setShown, setText, type Part } from '../widgets/element'
import type { ScopeActions } from './controller'
import { createFeatureRow } from './featureRowView'
import { count, featureName, formatActivation } from './format'
import { featureRow, layerRows, layerScale, type FeatureRow } from './selectors'
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
      update((state.run?.layers ?? []).map((layer) => ({ layer, index, state, open: state.openLayers.includes(layer) })))
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
      const features = state.run?.features[layer]?.[index] ?? []
      const top = features[0]
      const row = top && featureRow(state, { layer, feature: top.feature }, index)
      setText(strongest, row ? `${featureName(row.feature)}${row.description?.label ? `  ${row.description.label}` : ''}` : 'no active feature')
      strongest.classList.toggle('unnamed', !row)
      bar.update({ before: row ? row.activation / layerScale(state.run!, layer) : 0, after: null })
      setText(value, row ? formatActivation(row.activation) : '')
      setText(amount, count(features.length, 'feature'))
      setShown(amount, features.length > 0)
      if (details.open !== open) details.open = open
      // Folded rows are not kept up to date; unfolding draws them.
      if (open) updateRows(layerRows(state, layer, index))
    },
  }
}
