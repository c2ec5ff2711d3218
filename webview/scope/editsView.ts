// The edits in force as chips, whether each fired in this run, and the way back.
import type { EditEntry, RunDetail } from '../../server/protocol/requests'
import { createButton } from '../widgets/button'
import { createList, element, setAttribute, setShown, setText, type Part } from '../widgets/element'
import type { ScopeActions } from './controller'
import { count } from './format'
import type { ScopeState } from './state'

interface EditChip {
  readonly entry: EditEntry
  readonly run: RunDetail | null
}

/** Shows all edits, enabled or not, whether or not the run shown was made with them. */
export function createEditsView(actions: ScopeActions): Part<ScopeState> {
  const chips = element('ul', { class: 'chips' })
  const none = element('span', { class: 'hint' }, 'None. Suppress or boost a feature below, then re-run.')
  const undo = createButton('secondary', actions.undo, { text: 'Undo' }, 'small')
  const update = createList<EditChip>(chips, ({ entry }) => entry.id, ({ entry }) => createChip(() => actions.removeEdit(entry.id)))
  return {
    element: element('section', { class: 'edits', 'aria-labelledby': 'edits-title' }, element('h2', { id: 'edits-title' }, 'Edits'), none, chips, undo.element),
    update({ pinsAndEdits, run }) {
      update(pinsAndEdits.edits.map((entry) => ({ entry, run })))
      setShown(chips, pinsAndEdits.edits.length > 0)
      setShown(none, pinsAndEdits.edits.length === 0)
      undo.update({ text: 'Undo', label: pinsAndEdits.undo ? `Undo: ${pinsAndEdits.undo}` : 'Nothing to undo', disabled: pinsAndEdits.undo === null })
    },
  }
}

function createChip(remove: () => void): Part<EditChip> {
  const line = element('span', { class: 'chip-line' })
  const fired = element('span', { class: 'chip-note' })
  const button = element('button', { class: 'chip-remove', type: 'button' }, '×')
  button.addEventListener('click', remove)
  const chip = element('li', { class: 'chip' }, line, fired, button)
  return {
    element: chip,
    update({ entry, run }) {
      setText(line, entry.line)
      setAttribute(button, 'aria-label', `Remove the edit ${entry.line}`)
      setAttribute(button, 'title', 'Remove this edit')
      chip.classList.toggle('disabled', !entry.enabled)
      setText(fired, firedWords(entry, run))
    },
  }
}

/** An edit that is not part of the run shown has not had its chance yet. */
function firedWords(entry: EditEntry, run: RunDetail | null): string {
  if (!entry.enabled) return 'off'
  const report = run?.edits.find(({ edit }) => edit.replace(/\s+/g, '') === entry.line.replace(/\s+/g, ''))
  if (!report) return 'not run yet'
  if (report.firedAt.length > 0) return `fired on ${count(report.firedAt.length, 'token')}`
  return run?.status.kind === 'running' ? 'has not fired' : 'never fired'
}
