// A push button of the editor's own design, with an optional pressed state.
import { provideVSCodeDesignSystem, vsCodeButton } from '@vscode/webview-ui-toolkit'
import { setAttribute, setText } from './element'

provideVSCodeDesignSystem().register(vsCodeButton())

/** How much a button asks to be pressed: one `primary` per view, `quiet` inside rows. */
export type ButtonKind = 'primary' | 'secondary' | 'quiet'

/** What a button looks like now. `pressed` is undefined for a button that is not a switch. */
export interface ButtonState {
  readonly text: string
  /** Spoken and shown on hover when the text alone does not say it. */
  readonly label?: string
  readonly pressed?: boolean
  readonly disabled?: boolean
}

/** A button and the way to change what it says. */
export interface Button {
  readonly element: HTMLElement
  update(state: ButtonState): void
}

/** A disabled button does not call `onPress`. */
export function createButton(kind: ButtonKind, onPress: () => void, state: ButtonState, className = ''): Button {
  const node = document.createElement('vscode-button') as HTMLElement & { disabled: boolean }
  node.setAttribute('appearance', kind === 'quiet' ? 'icon' : kind)
  node.className = `button ${kind} ${className}`.trim()
  node.addEventListener('click', () => {
    if (!node.disabled) onPress()
  })
  const update = (next: ButtonState): void => {
    setText(node, next.text)
    setAttribute(node, 'title', next.label)
    setAttribute(node, 'aria-label', next.label ?? next.text)
    setAttribute(node, 'aria-pressed', next.pressed === undefined ? undefined : String(next.pressed))
    if (node.disabled !== (next.disabled ?? false)) node.disabled = next.disabled ?? false
  }
  update(state)
  return { element: node, update }
}
