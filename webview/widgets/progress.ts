// Work in progress: a ring while nothing is known of its end, and a bar with a share when it is.
import { provideVSCodeDesignSystem, vsCodeProgressRing } from '@vscode/webview-ui-toolkit'
import { element, setAttribute, setProperty } from './element'

provideVSCodeDesignSystem().register(vsCodeProgressRing())

/** A ring that turns; `label` is what screen readers say. */
export function createProgressRing(label: string): HTMLElement {
  const ring = document.createElement('vscode-progress-ring')
  ring.className = 'progress-ring'
  ring.setAttribute('aria-label', label)
  return ring
}

/** A thin bar; hidden while there is no progress. */
export interface ProgressBar {
  readonly element: HTMLElement
  /** `share` is 0..1; null hides the bar but keeps its place. */
  update(share: number | null): void
}

/** `label` is what screen readers say. */
export function createProgressBar(label: string): ProgressBar {
  const bar = element('div', { class: 'progress-bar', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100' }, element('div', { class: 'progress-fill' }))
  return {
    element: bar,
    update(share) {
      bar.classList.toggle('idle', share === null)
      setAttribute(bar, 'aria-hidden', share === null ? 'true' : undefined)
      setAttribute(bar, 'aria-valuenow', share === null ? undefined : String(Math.round(share * 100)))
      setProperty(bar, '--share', String(share ?? 0))
    },
  }
}
