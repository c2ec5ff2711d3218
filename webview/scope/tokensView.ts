// The run's tokens as a strip: prompt, then completion; the chosen feature's activation behind them; one token selected.
import type { RunToken } from '../../server/protocol/requests'
import { element, setProperty, setShown, setText, type Part } from '../widgets/element'
import { attachTooltip } from '../widgets/tooltip'
import type { ScopeActions } from './controller'
import { count, featureName, formatActivation } from './format'
import { chosenHeat, heatStep, type Heat } from './selectors'
import type { ScopeState } from './state'
import { tokenFromKey } from './tokenKeys'
import { createTokenNodes, tokenLabel, tokenTooltip } from './tokenParts'

/** A token as it stands in the page. */
interface DrawnToken {
  readonly box: HTMLElement
  readonly breaks: readonly Node[]
  token: RunToken
  step: number
}

export function createTokensView(actions: ScopeActions): Part<ScopeState> {
  const prompt = createGroup('Prompt')
  const completion = createGroup('Completion')
  const strip = element('div', { class: 'strip', role: 'listbox', 'aria-label': 'Tokens of the run' }, prompt.element, completion.element)
  const legend = createLegend()
  const section = element('section', { class: 'tokens', 'aria-labelledby': 'tokens-title' }, element('div', { class: 'section-head' }, element('h2', { id: 'tokens-title' }, 'Tokens'), legend.element), strip)
  const drawn: DrawnToken[] = []
  let shown: ScopeState | null = null
  let heat: Heat | null = null
  let marked: number | null = null

  const syncTokens = (tokens: readonly RunToken[]): void => {
    const following = strip.scrollTop + strip.clientHeight >= strip.scrollHeight - 4 && drawn.length > 0
    let keep = 0
    while (keep < drawn.length && keep < tokens.length && looksSame(drawn[keep]!.token, tokens[keep]!)) {
      drawn[keep]!.token = tokens[keep]!
      keep++
    }
    for (const { box, breaks } of drawn.splice(keep)) for (const node of [box, ...breaks]) node.parentNode?.removeChild(node)
    const fresh = { prompt: document.createDocumentFragment(), completion: document.createDocumentFragment() }
    for (const token of tokens.slice(keep)) {
      const { box, breaks } = createTokenNodes(token)
      drawn.push({ box, breaks, token, step: 0 })
      fresh[token.generated ? 'completion' : 'prompt'].append(box, ...breaks)
    }
    prompt.tokens.append(fresh.prompt)
    completion.tokens.append(fresh.completion)
    if (marked !== null && marked >= keep) marked = null
    if (following && keep < tokens.length) strip.scrollTop = strip.scrollHeight
  }

  const syncHeat = (next: Heat | null): void => {
    heat = next
    strip.classList.toggle('heated', next !== null)
    drawn.forEach((each, i) => {
      const step = next ? heatStep(next.values[i] ?? 0, next.scale) : 0
      if (step !== each.step) {
        each.box.classList.remove(`heat-${each.step}`)
        if (step > 0) each.box.classList.add(`heat-${step}`)
        each.step = step
      }
      if (step > 0) setProperty(each.box, '--share', Math.min(1, next!.values[i]! / next!.scale).toFixed(3))
    })
  }

  const mark = (index: number | null, byUser: boolean): void => {
    if (marked !== null && drawn[marked]) {
      drawn[marked]!.box.removeAttribute('aria-selected')
      drawn[marked]!.box.removeAttribute('tabindex')
    }
    const target = drawn[index ?? 0]
    marked = target ? (index ?? 0) : null
    if (!target) return
    target.box.tabIndex = 0
    target.box.setAttribute('aria-label', tokenLabel(target.token, heat ? `${featureName(heat.feature)} ${formatActivation(heat.values[target.token.index] ?? 0)}` : ''))
    if (index === null) return
    target.box.setAttribute('aria-selected', 'true')
    if (byUser) target.box.focus({ preventScroll: true })
    scrollIntoStrip(strip, target.box)
  }

  const select = (index: number): void => {
    if (shown && index === shown.selectedIndex) return mark(index, true)
    actions.selectToken(index)
  }
  strip.addEventListener('click', (event) => {
    const box = (event.target as Element).closest<HTMLElement>('.token')
    if (box) select(Number(box.dataset['index']))
  })
  strip.addEventListener('keydown', (event) => {
    const box = (event.target as Element).closest<HTMLElement>('.token')
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return
    const target = tokenFromKey(event.key, Number(box.dataset['index']), drawn.length, (index) => drawn[index]!.box.getBoundingClientRect())
    if (target === null) return
    event.preventDefault()
    select(target)
  })
  attachTooltip(strip, '.token', (box) => {
    const token = drawn[Number(box.dataset['index'])]?.token
    return token ? tokenTooltip(token, heat ? [heatWords(heat, token.index)] : []) : null
  })

  return {
    element: section,
    update(state) {
      const previous = shown
      shown = state
      if (!state.run || state === previous) return
      const tokensChanged = state.run !== previous?.run
      if (tokensChanged) {
        syncTokens(state.run.tokens)
        const generated = state.run.tokens.length - state.run.promptTokens
        setText(prompt.amount, count(state.run.promptTokens, 'token'))
        setText(completion.amount, state.run.status.kind === 'running' ? `${count(generated, 'token')} so far` : count(generated, 'token'))
        setShown(completion.element, generated > 0 || state.run.status.kind === 'running')
        completion.element.classList.toggle('growing', state.run.status.kind === 'running')
      }
      if (tokensChanged || state.chosenFeature !== previous?.chosenFeature || state.heat !== previous.heat) {
        syncHeat(chosenHeat(state))
        legend.update(heat)
      }
      if (state.selectedIndex !== marked || marked === null) mark(state.selectedIndex, strip.contains(document.activeElement))
    },
  }
}

function createGroup(name: string): { readonly element: HTMLElement; readonly tokens: HTMLElement; readonly amount: HTMLElement } {
  const amount = element('span', { class: 'group-amount' })
  const tokens = element('div', { class: 'token-flow' })
  return { element: element('div', { class: `token-group ${name.toLowerCase()}`, role: 'group', 'aria-label': name }, element('div', { class: 'group-head', 'aria-hidden': 'true' }, element('span', { class: 'group-name' }, name), amount), tokens), tokens, amount }
}

/** Says what underlines mean, and what the heat is when there is one. */
function createLegend(): Part<Heat | null> {
  const name = element('span', { class: 'legend-feature' })
  const most = element('span', { class: 'number' })
  const steps = element('span', { class: 'legend-steps', 'aria-hidden': 'true' }, ...[1, 2, 3, 4, 5, 6].map((step) => element('span', { class: `swatch heat-${step}` })))
  const heatKey = element('span', { class: 'legend-heat' }, name, element('span', { class: 'number' }, '0'), steps, most)
  const underlineKey = element('span', { class: 'legend-underlines' }, element('span', { class: 'sample unlikely' }, 'below 50 %'), element('span', { class: 'sample very-unlikely' }, 'below 10 %'))
  return {
    element: element('div', { class: 'legend' }, heatKey, underlineKey),
    update(heat) {
      setShown(heatKey, heat !== null)
      if (!heat) return
      setText(name, featureName(heat.feature))
      setText(most, formatActivation(heat.scale))
    },
  }
}

function heatWords(heat: Heat, index: number): string {
  const value = heat.values[index] ?? 0
  const after = heat.after?.[index]
  const words = `${featureName(heat.feature)} ${formatActivation(value)}`
  return after === undefined || Math.abs(after - value) < 1e-6 ? words : `${words} → ${formatActivation(after)} after the edits`
}

function looksSame(a: RunToken, b: RunToken): boolean {
  return a === b || (a.id === b.id && a.display === b.display && a.generated === b.generated && a.logprob === b.logprob && a.outlier === b.outlier)
}

/** Scrolls only the strip: a selection that comes from the editor must not move the rest of the panel. */
function scrollIntoStrip(strip: HTMLElement, box: HTMLElement): void {
  const view = strip.getBoundingClientRect()
  const place = box.getBoundingClientRect()
  if (place.top < view.top) strip.scrollTop -= view.top - place.top + 8
  else if (place.bottom > view.bottom) strip.scrollTop += place.bottom - view.bottom + 8
}
