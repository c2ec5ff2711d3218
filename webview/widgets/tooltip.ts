// One tooltip for a whole container: appears over the hovered or focused part, leaves on Escape.
import { element } from './element'

/** Shows what `describe` returns for the part under the pointer or focus; null shows nothing. */
export function attachTooltip(container: HTMLElement, partSelector: string, describe: (part: HTMLElement) => readonly (Node | string)[] | null): void {
  const tooltip = sharedTooltip()
  let shownFor: HTMLElement | null = null

  const show = (part: HTMLElement | null): void => {
    if (part === shownFor) return
    const content = part && describe(part)
    shownFor = content ? part : null
    if (!part || !content) return hide()
    tooltip.replaceChildren(...content.map((line) => element('div', {}, line)))
    tooltip.hidden = false
    place(tooltip, part)
  }
  const hide = (): void => {
    shownFor = null
    tooltip.hidden = true
  }
  const partOf = (event: Event): HTMLElement | null => (event.target as Element).closest<HTMLElement>(partSelector)

  container.addEventListener('pointerover', (event) => show(partOf(event)))
  container.addEventListener('pointerleave', hide)
  container.addEventListener('focusin', (event) => {
    const part = partOf(event)
    if (part?.matches(':focus-visible')) show(part)
  })
  container.addEventListener('focusout', hide)
  container.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide()
  })
  container.addEventListener('scroll', hide, { capture: true, passive: true })
}

let tooltipElement: HTMLElement | null = null

function sharedTooltip(): HTMLElement {
  if (!tooltipElement) {
    tooltipElement = element('div', { class: 'tooltip', role: 'tooltip', hidden: true })
    document.body.append(tooltipElement)
  }
  return tooltipElement
}

/** Below the part, above it where there is no room, and never past the window's edge. */
function place(tooltip: HTMLElement, part: HTMLElement): void {
  const gap = 6
  const around = part.getBoundingClientRect()
  const own = tooltip.getBoundingClientRect()
  const left = Math.max(gap, Math.min(around.left, innerWidth - own.width - gap))
  const below = around.bottom + gap
  const top = below + own.height + gap <= innerHeight ? below : Math.max(gap, around.top - own.height - gap)
  tooltip.style.setProperty('left', `${left}px`)
  tooltip.style.setProperty('top', `${top}px`)
}
