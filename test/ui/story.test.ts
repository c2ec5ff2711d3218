// The whole story on the screen: what a user reads and clicks from the CodeLens to the diff, and again after a reload. Leaves the screenshots of README.md.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openEditorWindow, type EditorWindow } from './editorWindow'

let window: EditorWindow

beforeAll(async () => {
  window = await openEditorWindow()
})

afterAll(async () => {
  await window.close()
})

it('opens a sample prompt with a way to run it', async () => {
  await window.openFile('drift.prompt')
  await window.lens('▶ Run').waitFor()
  await window.screenshot('prompt')
})

it('streams the completion into a run document', async () => {
  await window.lens('▶ Run').click()
  await window.tab('drift.prompt #1').waitFor()
  await window.lens('Re-run with current edits').waitFor()
  await window.screenshot('run')
})

it('shows a token’s features with bars on hover', async () => {
  await window.hoverLastLine()
  await window.hover('could stand here').waitFor()
  expect(await window.hover('could stand here').innerText()).toMatch(/L\d+\/\d+[\s\S]*█/)
  await window.screenshot('hover')
})

it('suppresses a feature from the hover and compares the answers', async () => {
  await window.hover('could stand here').getByText('Suppress').first().click()
  await window.page.locator('.monaco-diff-editor:visible').first().waitFor()
  await window.runCommand('Promptscope: Focus on Pins & Edits View')
  await window.row(/L\d+\/\d+ = 0/).waitFor()
  await window.screenshot('diff')
})

it('has everything again after a reload', async () => {
  await window.reload()
  await window.runCommand('Promptscope: Focus on Pins & Edits View')
  await window.row(/L\d+\/\d+ = 0/).waitFor()
  await window.row(/drift\.prompt/).first().waitFor()
  await window.screenshot('reloaded')
})

it.each([
  ['dark', 'Default Dark Modern'],
  ['light', 'Default Light Modern'],
  ['high contrast', 'Default High Contrast'],
])('shows the Scope panel in a %s theme', async (name, theme) => {
  window.setSettings({ 'workbench.colorTheme': theme })
  await window.runCommand('Promptscope: Open Scope Panel')
  await window.panel().getByText('Re-run').first().waitFor()
  await window.screenshot(`scope-${name.replace(' ', '-')}`)
})

it('introduces itself in four steps', async () => {
  await window.runCommand('Promptscope: Get Started')
  await window.page.getByText('Suppress and compare').first().waitFor()
  await window.screenshot('walkthrough')
})
