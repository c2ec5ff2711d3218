// What the run did wrong as far as was noticed, and the way to what may mend it.
import type { RunFault } from '../../server/protocol/requests'
import { createButton } from '../widgets/button'
import { createList, element, setAttribute, setShown, setText, type Part } from '../widgets/element'
import type { ScopeActions } from './controller'
import type { ScopeState } from './state'

/** Hidden while nothing was noticed; proposals need features, so without an SAE set there is only the note. */
export function createFaultsView(actions: ScopeActions): Part<ScopeState> {
  const list = element('ul', { class: 'fault-list' })
  const update = createList<RunFault>(list, ({ kind }) => kind, () => createFault(actions.selectToken))
  const suggest = createButton('secondary', actions.suggestSuppressions, {
    text: 'Suggest what to suppress', label: 'Try on the model which features, suppressed, make this less likely',
  }, 'small')
  const section = element('section', { class: 'faults', 'aria-label': 'What went wrong' }, list, suggest.element)
  return {
    element: section,
    update({ run, faults }) {
      setShown(section, faults.length > 0)
      setShown(suggest.element, run !== null && run.layers.length > 0)
      update(faults)
    },
  }
}

function createFault(selectToken: (index: number) => void): Part<RunFault> {
  const mark = element('span', { class: 'fault-mark', 'aria-hidden': 'true' }, '⚠')
  const words = element('button', { class: 'link', type: 'button' })
  let first: number | undefined
  words.addEventListener('click', () => first !== undefined && selectToken(first))
  return {
    element: element('li', {}, mark, words),
    update({ message, tokens }) {
      first = tokens[0]
      setText(words, `${message.charAt(0).toUpperCase()}${message.slice(1)}`)
      setAttribute(words, 'title', first === undefined ? undefined : `Select token ${first}`)
    },
  }
}
