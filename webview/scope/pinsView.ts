// The pinned features with their activation on the selected token: the Watch of this debugger.
import { createList, element, setShown, setText, type Part } from '../widgets/element'
import type { ScopeActions } from './controller'
import { createFeatureRow } from './featureRowView'
import { featureRow, selectedToken, type FeatureRow } from './selectors'
import type { ScopeState } from './state'

/** Hidden while nothing is pinned. */
export function createPinsView(actions: ScopeActions): Part<ScopeState> {
  const rows = element('ul', { class: 'feature-rows' })
  const update = createList<FeatureRow>(rows, (row) => row.name, (row) => createFeatureRow(actions, row))
  const note = element('p', { class: 'note' })
  const section = element('section', { class: 'pins', 'aria-labelledby': 'pins-title' }, element('h2', { id: 'pins-title' }, 'Pinned features'), note, rows)
  return {
    element: section,
    update(state) {
      const { pins } = state.pinsAndEdits
      const token = selectedToken(state)
      setShown(section, pins.length > 0)
      setText(note, token ? `Activation on token ${token.index}.` : 'Select a token to see their activation on it.')
      update(pins.map((feature) => featureRow(state, feature, token?.index ?? null)))
    },
  }
}
