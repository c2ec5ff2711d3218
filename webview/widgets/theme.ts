// The editor's theme as colours for canvases, and a signal when it changes.

/** Calls back after each change of the editor's theme, font or zoom. */
export function onThemeChange(changed: () => void): void {
  let waiting = false
  const changedOnce = (): void => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      changed()
    })
  }
  // A new theme changes many attributes at once. VS Code writes the theme's kind on the body and its colours as custom properties on the root element.
  const observer = new MutationObserver(changedOnce)
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-kind', 'data-vscode-theme-id'] })
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] })
  matchMedia('(forced-colors: active)').addEventListener('change', changedOnce)
}

/** The value of a colour that the style sheet defines, resolved for a canvas. */
export function themeColour(name: `--${string}`): string {
  // A custom property may refer to others or mix colours; a canvas needs the result.
  const probe = document.createElement('span')
  probe.hidden = true
  probe.style.setProperty('forced-color-adjust', 'none')
  probe.style.setProperty('color', `var(${name})`)
  document.body.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}

/** The panel's font, for canvases. */
export function themeFont(): { readonly family: string; readonly size: number } {
  const style = getComputedStyle(document.body)
  return { family: style.fontFamily, size: Math.max(10, Math.round(parseFloat(style.fontSize) * 0.85)) }
}
