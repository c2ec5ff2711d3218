// Which layers of the run have been read, the way to the others, and how far their reading has come.
import { createButton } from '../widgets/button'
import { element, setShown, setText, type Part } from '../widgets/element'
import { createProgressBar } from '../widgets/progress'
import type { ScopeActions } from './controller'
import { rangesText } from './format'
import { readingOf } from './selectors'
import type { ScopeState } from './state'

/** Hidden while every layer has been read. */
export function createReadingView(actions: ScopeActions): Part<ScopeState> {
  const words = element('p', { class: 'note', role: 'status' })
  const all = createButton('secondary', actions.readAllLayers, { text: 'Read all layers', label: 'Read every layer of this run; a new run goes first' }, 'small')
  const cancel = createButton('secondary', actions.cancelReading, { text: 'Cancel', label: 'Stop reading layers; what has been read is kept' }, 'small')
  const progress = createProgressBar('Layers read')
  const line = element('div', { class: 'reading-line' }, words, all.element, cancel.element)
  const box = element('div', { class: 'reading' }, line, progress.element)
  return {
    element: box,
    update(state) {
      const { run } = state
      const unread = run ? run.saeLayers.length - run.layers.length : 0
      setShown(box, unread > 0)
      if (!run || unread === 0) return
      const reading = readingOf(state)
      const growing = run.status.kind === 'running'
      setText(words, reading ? readingWords(reading) : `${run.layers.length === 1 ? 'Layer' : 'Layers'} ${rangesText(run.layers)} of ${run.saeLayers.length} read${growing ? ' while the run goes on' : ''}.`)
      setShown(all.element, !reading && !growing)
      setShown(cancel.element, reading !== null)
      setShown(progress.element, reading !== null)
      progress.update(reading && (reading.done + (reading.fraction ?? 0) * (reading.total - reading.done)) / reading.total)
    },
  }
}

function readingWords({ layers, done, total }: NonNullable<ScopeState['reading']>): string {
  return total === 1 ? `Reading layer ${layers[0] ?? ''}…` : `Reading layers: ${done} of ${total} done…`
}
