// The run's tokens as a strip: prompt, then completion; the chosen feature's activation behind them; one token selected.
import { element, setProperty, setShown, setText, type Part } from '../widgets/element'
import { attachTooltip } from '../widgets/tooltip'
import type { ScopeActions } from './controller'
import { count, featureName, formatActivation } from './format'
import { chosenHeat, heatStep, type Heat } from './selectors'
import type { ScopeState } from './state'
import { createTokenFlow, type TokenFlow } from './tokenFlow'
import { tokenFromKey } from './tokenKeys'
import { tokenLabel, tokenTooltip } from './tokenParts'

/** Pixels of the prompt above the completion: its last line or two. */
const PROMPT_KEPT_IN_SIGHT = 48

/** Selects with click and arrow keys; one token can be reached with Tab. */
export function createTokensView(actions: ScopeActions): Part<ScopeState> {
  const prompt = createGroup('Prompt')
  const completion = createGroup('Completion')
  const strip = element('div', { class: 'strip', role: 'listbox', 'aria-label': 'Tokens of the run' }, prompt.element, completion.element)
  const legend = createLegend()
  let shown: ScopeState | null = null
  let heat: Heat | null = null
  let steps: number[] = []
  let marked: HTMLElement | null = null

  const length = (): number => prompt.flow.boxes.length + completion.flow.boxes.length
  const boxAt = (index: number): HTMLElement | undefined => prompt.flow.boxes[index] ?? completion.flow.boxes[index - prompt.flow.boxes.length]

  const syncTokens = (state: ScopeState): void => {
    const { tokens, promptTokens } = state.run!
    const running = state.run!.status.kind === 'running'
    // Whoever reads further up is not pulled to the end of a growing completion.
    const following = running && strip.scrollTop + strip.clientHeight >= strip.scrollHeight - 4
    const keptPrompt = prompt.flow.sync(tokens.slice(0, promptTokens))
    const keptCompletion = completion.flow.sync(tokens.slice(promptTokens))
    // A box that is new has no heat yet.
    const kept = keptPrompt < promptTokens ? keptPrompt : promptTokens + keptCompletion
    steps = steps.slice(0, kept)
    const generated = Math.max(0, tokens.length - promptTokens)
    setText(prompt.amount, count(promptTokens, 'token'))
    setText(completion.amount, running ? `${count(generated, 'token')} so far` : count(generated, 'token'))
    setShown(completion.element, generated > 0 || running)
    completion.element.classList.toggle('growing', running)
    if (following && kept < tokens.length) strip.scrollTop = strip.scrollHeight
  }

  /** What one came to see is the completion: a prompt that fills the strip gives way to it while nothing is selected. */
  const showCompletion = (): void => {
    if (completion.element.offsetTop + completion.element.offsetHeight > strip.clientHeight) strip.scrollTop = completion.element.offsetTop - PROMPT_KEPT_IN_SIGHT
  }

  const syncHeat = (next: Heat | null): void => {
    heat = next
    for (let i = 0; i < length(); i++) {
      const step = next ? heatStep(next.values[i] ?? 0, next.scale) : 0
      const before = steps[i] ?? 0
      if (step === 0 && before === 0) continue
      const box = boxAt(i)!
      if (step !== before) {
        if (before > 0) box.classList.remove(`heat-${before}`)
        if (step > 0) box.classList.add(`heat-${step}`)
        box.classList.toggle('hot', step > 0)
      }
      if (step > 0) setProperty(box, '--share', Math.min(1, next!.values[i]! / next!.scale).toFixed(3))
      steps[i] = step
    }
  }

  /** Exactly one token can be reached with Tab: the selected one, or the first. */
  const mark = (index: number | null, focus: boolean): void => {
    marked?.removeAttribute('aria-selected')
    marked?.removeAttribute('tabindex')
    const box = boxAt(index ?? 0) ?? null
    marked = box
    const token = shown?.run?.tokens[index ?? 0]
    if (!box || !token) return
    box.tabIndex = 0
    box.setAttribute('aria-label', tokenLabel(token, heat ? heatWords(heat, token.index) : ''))
    if (index === null) return
    box.setAttribute('aria-selected', 'true')
    if (focus) box.focus({ preventScroll: true })
    scrollIntoStrip(strip, box)
  }

  const select = (index: number): void => {
    if (index === shown?.selectedIndex) return mark(index, true)
    boxAt(index)?.focus({ preventScroll: true })
    actions.selectToken(index)
  }
  strip.addEventListener('click', (event) => {
    const box = (event.target as Element).closest<HTMLElement>('.token')
    if (box) select(indexOf(box))
  })
  strip.addEventListener('keydown', (event) => {
    const box = (event.target as Element).closest<HTMLElement>('.token')
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return
    const target = tokenFromKey(event.key, indexOf(box), length(), (index) => boxAt(index)!.getBoundingClientRect())
    if (target === null) return
    event.preventDefault()
    select(target)
  })
  attachTooltip(strip, '.token', (box) => {
    const token = shown?.run?.tokens[indexOf(box)]
    return token ? tokenTooltip(token, heat ? [heatWords(heat, token.index)] : []) : null
  })

  return {
    element: element('section', { class: 'tokens', 'aria-labelledby': 'tokens-title' }, element('div', { class: 'section-head' }, element('h2', { id: 'tokens-title' }, 'Tokens'), legend.element), strip),
    update(state) {
      const previous = shown
      shown = state
      if (!state.run || state === previous) return
      const tokensChanged = state.run !== previous?.run
      if (tokensChanged) syncTokens(state)
      if (state.run.id !== previous?.run?.id && state.selectedIndex === null) showCompletion()
      if (tokensChanged || state.chosenFeature !== previous?.chosenFeature || state.heat !== previous.heat) {
        syncHeat(chosenHeat(state))
        legend.update(heat)
      }
      const target = boxAt(state.selectedIndex ?? 0) ?? null
      if (target !== marked || (target !== null && (target.getAttribute('aria-selected') === 'true') !== (state.selectedIndex !== null))) mark(state.selectedIndex, strip.contains(document.activeElement))
    },
  }
}

interface TokenGroup {
  readonly element: HTMLElement
  readonly flow: TokenFlow
  readonly amount: HTMLElement
}

function createGroup(name: string): TokenGroup {
  const amount = element('span', { class: 'group-amount' })
  const flow = createTokenFlow('option')
  const head = element('div', { class: 'group-head', 'aria-hidden': 'true' }, element('span', { class: 'group-name' }, name), amount)
  return { element: element('div', { class: `token-group ${name.toLowerCase()}`, role: 'group', 'aria-label': name }, head, flow.element), flow, amount }
}

/** Says what underlines mean, and what the heat is when there is one. */
function createLegend(): Part<Heat | null> {
  const name = element('span', { class: 'legend-feature' })
  const most = element('span', { class: 'number' })
  const swatches = element('span', { class: 'legend-steps', 'aria-hidden': 'true' }, ...[1, 2, 3, 4, 5, 6].map((step) => element('span', { class: `swatch heat-${step}` })))
  const heatKey = element('span', { class: 'legend-heat' }, name, element('span', { class: 'number' }, '0'), swatches, most)
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

function indexOf(box: HTMLElement): number {
  return Number(box.dataset['index'])
}

function heatWords(heat: Heat, index: number): string {
  const value = heat.values[index] ?? 0
  const after = heat.after?.[index]
  const words = `${featureName(heat.feature)} ${formatActivation(value)}`
  return after === undefined || Math.abs(after - value) < 1e-6 ? words : `${words} → ${formatActivation(after)} after the edits`
}

/** Scrolls only the strip: a selection that comes from the editor must not move the rest of the panel. */
function scrollIntoStrip(strip: HTMLElement, box: HTMLElement): void {
  const view = strip.getBoundingClientRect()
  const place = box.getBoundingClientRect()
  if (place.top < view.top) strip.scrollTop -= view.top - place.top + 8
  else if (place.bottom > view.bottom) strip.scrollTop += place.bottom - view.bottom + 8
}
