// The run in one line (name, state, what it ran on) and the buttons that run it again or stop it.
import { precisionLabel } from '../../server/protocol/precisionWords'
import type { RunDetail } from '../../server/protocol/requests'
import { createButton } from '../widgets/button'
import { element, setShown, setText, type Part } from '../widgets/element'
import type { ScopeActions } from './controller'
import { editsDiffer } from './editLine'
import { count, formatDuration } from './format'
import type { ScopeState } from './state'

/** Draws nothing new while there is no run. */
export function createHeaderView(actions: ScopeActions): Part<ScopeState> {
  const name = element('h1', {})
  const status = element('span', { class: 'status' })
  const facts = element('p', { class: 'run-facts' })
  const stale = element('span', { class: 'stale' }, 'Edits changed since this run')
  const rerun = createButton('primary', actions.rerun, { text: 'Re-run' })
  const cancel = createButton('secondary', actions.cancel, { text: 'Cancel' })
  return {
    element: element('header', { class: 'run-header' },
      element('div', { class: 'run-title' }, element('div', { class: 'run-name' }, name, status), facts),
      element('div', { class: 'run-buttons' }, stale, cancel.element, rerun.element),
    ),
    update(state) {
      const { run } = state
      if (!run) return
      const running = run.status.kind === 'running'
      const busy = running || state.pending === 'rerun' || state.pending === 'run'
      setText(name, run.name)
      setText(status, statusWords(run))
      status.className = `status ${run.status.kind}`
      setText(facts, runFacts(run))
      setShown(stale, !busy && editsDiffer(state.pinsAndEdits, run.edits))
      rerun.update({ text: busy ? 'Running…' : 'Re-run', label: busy ? 'The run goes on' : 'Re-run the prompt with the current edits', disabled: busy })
      cancel.update({ text: state.pending === 'cancel' ? 'Cancelling…' : 'Cancel', label: 'Cancel the run', disabled: state.pending === 'cancel' })
      setShown(cancel.element, running)
    },
  }
}

function statusWords(run: RunDetail): string {
  switch (run.status.kind) {
    case 'running':
      return 'running'
    case 'paused':
      return 'stopped in the debugger'
    case 'done':
      return run.status.reason === 'stop' ? 'done' : `done, stopped at ${count(run.generatedTokens, 'token')}`
    case 'cancelled':
      return `cancelled after ${count(run.generatedTokens, 'token')}`
    case 'failed':
      return 'failed'
  }
}

function runFacts(run: RunDetail): string {
  const { model, sampling, timing } = run
  return [
    `${model.architecture}, ${count(model.layers, 'layer')}`,
    precisionLabel(model.precision),
    model.provider,
    sampling.temperature === 0 ? 'greedy' : `temperature ${sampling.temperature}, seed ${sampling.seed}`,
    timing.prefillMs > 0 ? `prompt read in ${formatDuration(timing.prefillMs)}` : '',
    timing.decodeMsPerToken > 0 ? `${(1000 / timing.decodeMsPerToken).toFixed(timing.decodeMsPerToken < 100 ? 0 : 1)} tokens/s` : '',
  ].filter(Boolean).join(' · ')
}
