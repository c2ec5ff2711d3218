// A slider around zero that shows what it is about to do and does it on release, on Enter or when the focus leaves; Escape takes it back.
import { element, setAttribute, setText } from './element'

/** Where the slider rests and how far it goes. */
export interface SliderState {
  /** Position at rest; must lie within the limit. */
  readonly value: number
  /** The scale runs from −limit to +limit. */
  readonly limit: number
  readonly step: number
  /** One word that stands before the slider, and the whole of what it changes. */
  readonly name: string
  readonly label: string
  /** Words for a position: shown beside the slider while it is moved, and spoken. */
  describe(value: number): string
}

/** The slider with its signs and its preview. */
export interface Slider {
  readonly element: HTMLElement
  update(state: SliderState): void
}

/** `onCommit` is called with the new position, and only if it differs from the one at rest. */
export function createSlider(onCommit: (value: number) => void): Slider {
  const input = element('input', { type: 'range', class: 'slider-input' })
  const output = element('output', { class: 'slider-output' })
  const name = element('span', { class: 'slider-name', 'aria-hidden': 'true' })
  const sign = (text: string): HTMLElement => element('span', { class: 'slider-sign', 'aria-hidden': 'true' }, text)
  const wrapper = element('div', { class: 'slider' }, name, sign('−'), input, sign('+'), output)
  let rest: SliderState | null = null
  let byPointer = false
  /** What was committed and has not come back as the value at rest yet: leaving after Enter must not commit twice. */
  let committed: number | null = null

  const show = (): void => {
    if (!rest) return
    const value = Number(input.value)
    const moved = value !== rest.value
    const words = rest.describe(value)
    setText(output, moved && !byPointer && value !== committed ? `${words} · Enter sets it, Escape takes it back` : words)
    setAttribute(input, 'aria-valuetext', words)
    wrapper.classList.toggle('moved', moved)
  }
  const commit = (): void => {
    const value = Number(input.value)
    if (!rest || !input.isConnected || value === (committed ?? rest.value)) return
    committed = value
    show()
    onCommit(value)
  }
  const takeBack = (): void => {
    if (rest) input.value = String(committed ?? rest.value)
    show()
  }
  input.addEventListener('pointerdown', () => (byPointer = true))
  input.addEventListener('input', show)
  // A range input reports `change` on release and also after each arrow key; only the release counts.
  input.addEventListener('change', () => {
    if (byPointer) commit()
    byPointer = false
  })
  input.addEventListener('keydown', (event) => {
    byPointer = false
    if (event.key === 'Enter') commit()
    else if (event.key === 'Escape') takeBack()
  })
  // Whoever moved it by keys and goes on to the next control means it; what was taken back rests already.
  input.addEventListener('blur', commit)
  input.addEventListener('dblclick', () => {
    input.value = '0'
    show()
    commit()
  })
  return {
    element: wrapper,
    update(state) {
      const resting = rest === null || Number(input.value) === rest.value
      const changed = rest?.value !== state.value
      rest = state
      setText(name, state.name)
      setAttribute(input, 'min', String(-state.limit))
      setAttribute(input, 'max', String(state.limit))
      setAttribute(input, 'step', String(state.step))
      setAttribute(input, 'aria-label', state.label)
      if (changed) committed = null
      if (resting || changed) input.value = String(state.value)
      show()
    },
  }
}
