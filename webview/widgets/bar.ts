// A horizontal bar for a share of a whole, with an optional second bar for the value after an edit.
import { element, setProperty, setShown, type Part } from './element'

/** Shares are 0..1 of the bar's full width; `after` is null where there is only one side. */
export interface BarShares {
  readonly before: number
  readonly after: number | null
}

/** Decoration only: the number stands beside it in text. */
export function createBar(): Part<BarShares> {
  const after = element('div', { class: 'bar-fill after' })
  const bar = element('div', { class: 'bar', 'aria-hidden': 'true' }, element('div', { class: 'bar-fill before' }), after)
  return {
    element: bar,
    update(shares) {
      setProperty(bar, '--before', share(shares.before))
      setProperty(bar, '--after', share(shares.after ?? 0))
      bar.classList.toggle('two-sided', shares.after !== null)
      setShown(after, shares.after !== null)
    },
  }
}

function share(value: number): string {
  return Math.min(1, Math.max(0, value)).toFixed(3)
}
