// The completions of a run and of one it came from side by side: equal until the first difference, which is marked; each token with its probability.
import type { RunDetail, RunSummary, RunToken } from '../../server/protocol/requests'
import { createButton } from '../widgets/button'
import { createList, element, setAttribute, setShown, setText, type Part } from '../widgets/element'
import { attachTooltip } from '../widgets/tooltip'
import { visibleText } from '../widgets/tokenText'
import { compareRuns, newEdits, shortName, sideNames, type Comparison } from './comparison'
import type { ScopeActions } from './controller'
import { count, formatProbability } from './format'
import type { ScopeState } from './state'
import { createTokenFlow } from './tokenFlow'
import { tokenTooltip } from './tokenParts'

/** Hidden while there is nothing to compare the run with. */
export function createComparisonView(actions: ScopeActions): Part<ScopeState> {
  const verdict = element('p', { class: 'verdict', role: 'status' })
  const left = createSide('original', () => undefined)
  const right = createSide('edited', actions.selectToken)
  const title = element('h2', { id: 'comparison-title' })
  const choice = createAncestorChoice(actions.compareWith)
  const diff = createButton('secondary', actions.openDiff, { text: 'Open in diff editor', label: 'Open both completions in the diff editor' }, 'small')
  const section = element('section', { class: 'comparison', 'aria-labelledby': 'comparison-title' },
    element('div', { class: 'section-head' }, title, choice.element, diff.element),
    verdict,
    element('div', { class: 'sides' }, left.element, right.element),
  )
  let shown: ScopeState | null = null
  return {
    element: section,
    update(state) {
      const { run, original } = state
      setShown(section, run !== null && original !== null)
      const unchanged = run === shown?.run && original === shown?.original && state.ancestors === shown?.ancestors
      shown = state
      if (!run || !original || unchanged) return
      setText(title, state.ancestors.length > 1 ? `${shortName(run)} compared with` : `${shortName(run)} compared with ${shortName(original)}`)
      choice.update({ ancestors: state.ancestors, chosen: original.id })
      const comparison = compareRuns(original, run)
      const names = sideNames(original, run)
      setText(verdict, verdictWords(comparison, original, run))
      verdict.className = `verdict ${comparison.verdict}`
      left.update({ name: names.original, run: original, tokens: comparison.original, same: comparison.same, parted: comparison.firstDifference !== null })
      right.update({ name: names.run, run, tokens: comparison.edited, same: comparison.same, parted: comparison.firstDifference !== null })
    },
  }
}

/** Lets the user compare with any run that this one came from; hidden where there is only its parent. */
function createAncestorChoice(choose: (runId: string) => void): Part<{ readonly ancestors: readonly RunSummary[]; readonly chosen: string }> {
  const select = element('select', { class: 'ancestor-choice', 'aria-label': 'Run to compare with' })
  const update = createList<RunSummary>(select, ({ id }) => id, ({ id }) => {
    const option = element('option', { value: id })
    return { element: option, update: (run) => setText(option, `${shortName(run)} (${editsOfRun(run)})`) }
  })
  select.addEventListener('change', () => choose(select.value))
  return {
    element: select,
    update({ ancestors, chosen }) {
      setShown(select, ancestors.length > 1)
      update(ancestors)
      select.value = chosen
    },
  }
}

interface SideContent {
  readonly name: string
  readonly run: RunDetail
  readonly tokens: readonly RunToken[]
  readonly same: number
  readonly parted: boolean
}

function createSide(kind: 'original' | 'edited', pick: (index: number) => void): Part<SideContent> {
  const title = element('h3', {})
  const edits = element('span', { class: 'side-edits' })
  const amount = element('span', { class: 'group-amount' })
  const flow = createTokenFlow()
  const mark = element('span', { class: 'difference-mark', role: 'img', 'aria-label': 'first difference', title: 'First difference' }, '◆')
  const end = element('span', { class: 'ends-here' }, 'ends here')
  const scroller = element('div', { class: 'side-tokens', tabindex: '0', role: 'group' }, flow.element, end)
  scroller.addEventListener('click', (event) => {
    const box = (event.target as Element).closest<HTMLElement>('.token')
    if (box) pick(Number(box.dataset['index']))
  })
  attachTooltip(scroller, '.token', (box) => {
    const token = flow.tokens[flow.boxes.indexOf(box)]
    if (!token) return null
    const others = token.alternatives.filter(({ id }) => id !== token.id).slice(0, 2).map(({ text, logprob }) => `instead ${visibleText(text)} ${formatProbability(logprob)}`)
    return tokenTooltip(token, others)
  })
  return {
    element: element('div', { class: `side ${kind}` }, element('div', { class: 'side-head' }, title, edits, amount), scroller),
    update({ name, run, tokens, same, parted }) {
      setText(title, name)
      setAttribute(scroller, 'aria-label', `Completion of ${shortName(run)}`)
      setText(edits, editsOfRun(run))
      setText(amount, count(tokens.length, 'token'))
      mark.remove()
      flow.sync(tokens)
      flow.boxes.forEach((box, place) => {
        box.classList.toggle('same', place < same)
        box.classList.toggle('differs', parted && place >= same)
      })
      // A completion that simply ends where the other goes on differs there too.
      if (parted && same < tokens.length) flow.boxes[same]!.before(mark)
      else if (parted) end.prepend(mark)
      setShown(end, parted && same === tokens.length)
    },
  }
}

function editsOfRun({ edits }: RunSummary): string {
  return edits.length > 0 ? edits.map(({ edit }) => edit).join(', ') : 'no edits'
}

function verdictWords(comparison: Comparison, original: RunDetail, run: RunDetail): string {
  const { same, largestShift } = comparison
  const added = newEdits(original, run)
  switch (comparison.verdict) {
    case 'different':
      return same === 0 ? 'The completions differ from the first token on.' : `The first ${count(same, 'token')} ${same === 1 ? 'is' : 'are'} the same, then the completions part: ${comparison.original.length - same} against ${comparison.edited.length - same} tokens.`
    case 'sameSoFar':
      return `The same so far: ${count(same, 'token')}.`
    case 'noEdits':
      return 'Same tokens: neither run had edits.'
    case 'sameEdits':
      return 'Same tokens: both runs were made with the same edits.'
    case 'neverFired':
      return `Same tokens: the ${added.length === 1 ? 'edit' : 'edits'} never fired, because the ${added.length === 1 ? 'feature was' : 'features were'} not active on any token.`
    case 'sameTokens': {
      const moved = largestShift && formatProbability(largestShift.before) !== formatProbability(largestShift.after) ? ` The probability that moved most: “${comparison.edited[largestShift.place]!.display.trim()}” (token ${comparison.edited[largestShift.place]!.index}), from ${formatProbability(largestShift.before)} to ${formatProbability(largestShift.after)}.` : ''
      return added.length > 0 ? `Same tokens: the ${added.length === 1 ? 'edit' : 'edits'} fired, but the effect was too weak to change the completion.${moved}` : `Same tokens: taking edits away had too weak an effect to change the completion.${moved}`
    }
  }
}
