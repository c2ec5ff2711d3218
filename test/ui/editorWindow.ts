// A VS Code window with Promptscope in it, for tests that look at the screen: opens it, drives it by keys and clicks, takes its picture.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { FrameLocator, Locator, Page } from 'playwright-core'
import { vi } from 'vitest'
import { launchBrowser } from '../../tools/vscode/browser.mjs'
import { ensureVSCode } from '../../tools/vscode/ensure.mjs'
import { linkExtension, startServer, windowUrl } from '../../tools/vscode/server.mjs'
import { makeTestWorkspace } from '../../tools/vscode/testWorkspace.mjs'

const root = resolve(import.meta.dirname, '../..')
const screenshots = join(root, 'out/screenshots')

export interface EditorWindow {
  readonly page: Page
  readonly workspace: string
  /** The list of choices that VS Code asks from. */
  readonly choices: Locator
  /** Runs a command by its title in the command palette. */
  runCommand(title: string): Promise<void>
  /** Opens a file of the workspace by its name. */
  openFile(name: string): Promise<void>
  /** A CodeLens that holds this text. */
  lens(text: string): Locator
  tab(title: string): Locator
  statusItem(text: RegExp): Locator
  /** A row of a view that is shown. */
  row(text: RegExp): Locator
  /** Rests the pointer on the character before the token at which, the tool says, the completion goes wrong. */
  pointBeforeFault(): Promise<void>
  /** Takes the pointer off the text, so that no hover is left. */
  pointAway(): Promise<void>
  /** The hover that holds this text, once it is shown. */
  hover(text: string): Promise<Locator>
  /** The message in the corner that holds this text, once it is shown. */
  notification(text: RegExp): Promise<Locator>
  /** The text of one side of the difference that is shown, as far as it is on the screen. */
  comparedText(side: 'original' | 'modified'): Promise<string>
  /** Whether a text editor shows selected text in the line that holds this text. The status bar tells it only while that editor has the focus. */
  isSelectionIn(text: string): Promise<boolean>
  /** The inside of the panel that is shown. */
  panel(): FrameLocator
  /** Writes out/screenshots/<name>.png. */
  screenshot(name: string): Promise<void>
  /** Changes settings of the workspace, which take effect at once; VS Code in a browser reads the user's own only when it opens. */
  setSettings(changed: Record<string, unknown>): void
  reload(): Promise<void>
  close(): Promise<void>
}

/** Opens a window on a fresh copy of the demo prompts, with nothing remembered from earlier windows. */
export async function openEditorWindow(): Promise<EditorWindow> {
  mkdirSync(screenshots, { recursive: true })
  const workspace = makeTestWorkspace('uiTestWorkspace')
  const home = mkdtempSync(join(tmpdir(), 'promptscope-ui-'))
  const extensions = join(home, 'extensions')
  linkExtension(root, extensions)
  const server = await startServer({ server: await ensureVSCode(), home, extensions, settings: { 'editor.hover.delay': 200 }, endsAlone: true })
  const browser = await launchBrowser()
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
  const ready = (): Promise<void> => page.locator('.monaco-workbench .explorer-folders-view, .monaco-workbench .pane-body').first().waitFor({ timeout: 60_000 })
  await page.goto(windowUrl(server, { folder: workspace }))
  await ready()

  let settings: Record<string, unknown> = {}
  const quickInput = page.locator('.quick-input-widget:visible')
  const choose = async (text: string): Promise<void> => {
    await quickInput.locator('input.input').fill(text)
    await quickInput.locator('.monaco-list-row.focused').waitFor()
    await page.keyboard.press('Enter')
  }
  return {
    page,
    workspace,
    choices: quickInput.locator('.monaco-list-row'),
    async runCommand(title) {
      await page.keyboard.press('F1')
      await choose(`>${title}`)
    },
    async openFile(name) {
      await page.keyboard.press('Control+P')
      await quickInput.locator('.monaco-list-row', { hasText: name }).first().waitFor({ state: 'attached', timeout: 1000 }).catch(() => undefined)
      await quickInput.locator('input.input').fill(name)
      await quickInput.locator('.monaco-list-row', { hasText: name }).first().waitFor()
      await page.keyboard.press('Enter')
      await page.locator('.tab.active', { hasText: name }).waitFor()
    },
    lens: (text) => page.locator('.codelens-decoration:visible a', { hasText: text }).first(),
    tab: (title) => page.locator('.tab', { hasText: title }).first(),
    statusItem: (text) => page.locator('.statusbar-item:visible', { hasText: text }).first(),
    row: (text) => page.locator('.pane-body:visible .monaco-list-row', { hasText: text }).first(),
    async pointBeforeFault() {
      // The editor draws its marks anew with every change; between two drawings this one has no place.
      const { x, y, height } = await vi.waitFor(async () => {
        const box = await page.locator('.squiggly-warning:visible').last().boundingBox({ timeout: 1000 })
        if (!box) throw new Error('the mark of the fault has no place on the screen')
        return box
      }, { timeout: 20_000 })
      await page.mouse.move(x - 4, y + height / 2)
    },
    async pointAway() {
      await page.keyboard.press('Escape')
      await page.mouse.move(20, 700)
      await page.locator('.monaco-hover:visible').waitFor({ state: 'hidden' })
    },
    hover: (text) => settled(page.locator('.monaco-hover:visible', { hasText: text }).first()),
    notification: (text) => settled(page.locator('.notifications-toasts .notification-toast', { hasText: text }).first()),
    async comparedText(side) {
      const lines = await page.locator(`.monaco-diff-editor:visible .editor.${side} .view-line`).evaluateAll((elements) => elements
        .map((element) => ({ top: element.getBoundingClientRect().top, text: (element as HTMLElement).innerText }))
        .sort((a, b) => a.top - b.top))
      return lines.map(({ text }) => text.replaceAll('\u00a0', ' ')).join('\n')
    },
    async isSelectionIn(text) {
      const line = await page.locator('.view-line:visible').filter({ hasText: spaced(text) }).first().boundingBox({ timeout: 1000 })
      const selected = await page.locator('.selected-text:visible').evaluateAll((elements) => elements.map((element) => {
        const { left, top } = element.getBoundingClientRect()
        return { left, top }
      }))
      return line !== null && selected.some(({ left, top }) => top >= line.y - 1 && top < line.y + line.height && left >= line.x && left < line.x + line.width)
    },
    panel: () => page.frameLocator('iframe.webview:visible').first().frameLocator('iframe#active-frame'),
    async screenshot(name) {
      await page.screenshot({ path: join(screenshots, `${name}.png`) })
    },
    setSettings(changed) {
      settings = { ...settings, ...changed }
      mkdirSync(join(workspace, '.vscode'), { recursive: true })
      writeFileSync(join(workspace, '.vscode/settings.json'), JSON.stringify(settings))
    },
    async reload() {
      await page.reload()
      await ready()
    },
    async close() {
      await browser.close()
      await server.stop()
      rmSync(home, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** The text as an editor draws it, where a space may be one that does not break. */
function spaced(text: string): RegExp {
  return new RegExp(text.split(' ').map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[ \u00a0]'))
}

/** The element once it is shown and has stopped moving: a picture taken before that shows a ghost. */
async function settled(locator: Locator): Promise<Locator> {
  await locator.waitFor()
  await locator.evaluate((element) => Promise.allSettled(element.getAnimations({ subtree: true }).map((animation) => animation.finished)))
  return locator
}
