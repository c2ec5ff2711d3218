// Original and edited completion side by side: equal until the first difference, which is marked; each token with its probability.
import type { RunDetail, RunToken } from '../../server/protocol/requests'
import { createButton } from '../widgets/button'
import { element, setShown, setText, type Part } from '../widgets/element'
import { attachTooltip } from '../widgets/tooltip'
import { visibleText } from '../widgets/tokenText'
import { compareRuns, type Comparison } from './comparison'
import type { ScopeActions } from './controller'
import { count, formatProbability } from './format'
import type { ScopeState } from './state'
import { createTokenFlow } from './tokenFlow'
import { tokenTooltip } from './tokenParts'

/** Hidden while there is nothing to compare the run with. */
export function createComparisonView(actions: ScopeActions): Part<ScopeState> {
  const verdict = element('p', { class: 'verdict', role: 'status' })
  const left = createSide('Original', () => undefined)
  const right = createSide('Edited', actions.selectToken)
  const diff = createButton('secondary', actions.openDiff, { text: 'Open in diff editor', label: 'Open both completions in the diff editor' }, 'small')
  const section = element('section', { class: 'comparison', 'aria-labelledby': 'comparison-title' },
    element('div', { class: 'section-head' }, element('h2', { id: 'comparison-title' }, 'Original and edited'), diff.element),
    verdict,
    element('div', { class: 'sides' }, left.element, right.element),
  )
  let shown: ScopeState | null = null
  return {
    element: section,
    update(state) {
      const { run, original } = state
      setShown(section, run !== null && original !== null)
      const unchanged = run === shown?.run && original === shown?.original
      shown = state
      if (!run || !original || unchanged) return
      const comparison = compareRuns(original, run)
      setText(verdict, verdictWords(comparison, run))
      verdict.className = `verdict ${comparison.verdict}`
      left.update({ run: original, tokens: comparison.original, same: comparison.same, parted: comparison.firstDifference !== null })
      right.update({ run, tokens: comparison.edited, same: comparison.same, parted: comparison.firstDifference !== null })
    },
  }
}

interface SideContent {
  readonly run: RunDetail
  readonly tokens: readonly RunToken[]
  readonly same: number
  readonly parted: boolean
}

function createSide(name: string, pick: (index: number) => void): Part<SideContent> {
  const title = element('h3', {}, name)
  const edits = element('span', { class: 'side-edits' })
  const amount = element('span', { class: 'group-amount' })
  const flow = createTokenFlow()
  const mark = element('span', { class: 'difference-mark', role: 'img', 'aria-label': 'first difference', title: 'First difference' }, '◆')
  const end = element('span', { class: 'ends-here' }, 'ends here')
  const scroller = element('div', { class: 'side-tokens', tabindex: '0', role: 'group', 'aria-label': `${name} completion` }, flow.element, end)
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
    element: element('div', { class: `side ${name.toLowerCase()}` }, element('div', { class: 'side-head' }, title, edits, amount), scroller),
    update({ run, tokens, same, parted }) {
      setText(edits, run.edits.length > 0 ? run.edits.map(({ edit }) => edit).join(',  ') : 'no edits')
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

function verdictWords(comparison: Comparison, run: RunDetail): string {
  const { same, largestShift } = comparison
  switch (comparison.verdict) {
    case 'different':
      return same === 0 ? 'The completions differ from the first token on.' : `The first ${count(same, 'token')} ${same === 1 ? 'is' : 'are'} the same, then the completions part: ${comparison.original.length - same} against ${comparison.edited.length - same} tokens.`
    case 'sameSoFar':
      return `The same so far: ${count(same, 'token')}.`
    case 'noEdits':
      return `Same tokens: this run had no edits.`
    case 'neverFired':
      return `Same tokens: the ${run.edits.length === 1 ? 'edit' : 'edits'} never fired, because the ${run.edits.length === 1 ? 'feature was' : 'features were'} not active on any token.`
    case 'sameTokens': {
      const moved = largestShift && formatProbability(largestShift.before) !== formatProbability(largestShift.after) ? ` The probability that moved most: “${comparison.edited[largestShift.place]!.display.trim()}” (token ${comparison.edited[largestShift.place]!.index}), from ${formatProbability(largestShift.before)} to ${formatProbability(largestShift.after)}.` : ''
      return `Same tokens: the ${run.edits.length === 1 ? 'edit' : 'edits'} fired, but the effect was too weak to change the completion.${moved}`
    }
  }
}
