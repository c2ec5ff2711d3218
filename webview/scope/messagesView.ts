// What the panel says when there is nothing to draw, and when something went wrong: one sentence, one thing to do.
import { createButton } from '../widgets/button'
import { element, setShown, setText, type Part } from '../widgets/element'
import { createProgressRing } from '../widgets/progress'
import type { ScopeActions } from './controller'
import type { ScopeState } from './state'

/** Fills the panel while the host has not answered, or while there is no run. */
export function createEmptyView(actions: ScopeActions): Part<ScopeState> {
  const loading = element('div', { class: 'loading', role: 'status' }, createProgressRing('Loading'), element('span', {}, 'Loading the run…'))
  const run = createButton('primary', actions.runPrompt, { text: 'Run a prompt' })
  const steps = element('ol', { class: 'steps' },
    element('li', {}, 'Run a prompt. Its tokens appear here while they are generated.'),
    element('li', {}, 'Select a token to see the features that fired on it, layer by layer.'),
    element('li', {}, 'Suppress or boost a feature, re-run, and compare the two completions.'),
  )
  const empty = element('div', { class: 'empty' },
    element('h1', {}, 'See what fires inside the model'),
    steps,
    run.element,
    element('p', { class: 'hint' }, 'Runs the prompt in the editor, or a sample if none is open. Nothing leaves this machine.'),
  )
  return {
    element: element('div', { class: 'placeholder' }, loading, empty),
    update(state) {
      setShown(loading, !state.loaded && state.problem === null)
      setShown(empty, state.loaded || state.problem !== null)
      run.update({ text: state.pending === 'run' ? 'Starting…' : 'Run a prompt', disabled: state.pending === 'run' })
    },
  }
}

/** Problems of the run and of the last thing the user asked for. */
export function createProblemsView(actions: ScopeActions): Part<ScopeState> {
  const failed = createProblem('The run failed', 'Run again', actions.rerun)
  const refused = createProblem('That did not work', 'Dismiss', actions.dismissProblem)
  return {
    element: element('div', { class: 'problems', 'aria-live': 'assertive' }, failed.element, refused.element),
    update({ run, problem, pending }) {
      failed.update(run?.status.kind === 'failed' && pending === null ? run.status : null)
      refused.update(problem)
    },
  }
}

function createProblem(title: string, action: string, act: () => void): Part<{ readonly message: string; readonly remedy: string | null } | null> {
  const message = element('p', { class: 'problem-message' })
  const remedy = element('p', { class: 'problem-remedy' })
  const button = createButton('secondary', act, { text: action }, 'small')
  const box = element('div', { class: 'problem' }, element('div', {}, element('strong', {}, title), message, remedy), button.element)
  return {
    element: box,
    update(problem) {
      setShown(box, problem !== null)
      if (!problem) return
      setText(message, problem.message)
      setText(remedy, problem.remedy ? `What to do: ${problem.remedy}` : '')
      setShown(remedy, problem.remedy !== null && problem.remedy !== '')
    },
  }
}
