// The whole story on the screen: what a user reads and clicks from the CodeLens to the diff, and again after a reload. Leaves the screenshots of README.md.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openEditorWindow, type EditorWindow } from './editorWindow'

let window: EditorWindow

beforeAll(async () => {
  window = await openEditorWindow()
})

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await window.screenshot('failed')
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
  await window.lens('Open in Scope').waitFor()
  await window.screenshot('run')
})

it('shows a token’s features with bars on hover', async () => {
  await window.pointBeforeFault()
  const hover = await window.hover('could stand here')
  expect(await hover.innerText()).toMatch(/L\d+\/\d+[\s\S]*█/)
  await window.screenshot('hover')
})

it('paints a feature over the text', async () => {
  await (await window.hover('could stand here')).getByText('Show', { exact: true }).first().click()
  await window.statusItem(/L\d+\/\d+/).waitFor()
  await window.pointAway()
  await window.screenshot('heat')
  await window.runCommand('Promptscope: Hide Heat')
})

it('suppresses the first feature of the hover, and the completion stays in English', async () => {
  await window.pointBeforeFault()
  await (await window.hover('could stand here')).getByText('Suppress', { exact: true }).first().click()
  await window.page.locator('.monaco-diff-editor:visible').first().waitFor()
  await expect.poll(() => window.comparedText('modified')).toContain('beautiful')
  expect(await window.comparedText('original')).toMatch(/\p{Script=Han}/u)
  expect(await window.comparedText('modified')).not.toMatch(/\p{Script=Han}/u)
  await window.pointAway()
  await window.runCommand('Promptscope: Focus on Pins & Edits View')
  await window.row(/L\d+\/\d+ = 0/).waitFor()
  await window.screenshot('suppressed')
})

it('proposes what to suppress where the answer goes wrong, and compares again', async () => {
  await window.runCommand('Promptscope: Undo Last Change of Pins and Edits')
  await window.runCommand('Notifications: Clear All Notifications')
  await window.lens('⚠').click({ position: { x: 5, y: 5 } })
  await window.choices.filter({ hasText: /L\d+\/\d+/ }).first().waitFor()
  await window.screenshot('suggestions')
  await window.page.keyboard.press('Enter')
  await window.tab('#1 ↔ #3').waitFor()
  await window.row(/drift\.prompt #3/).waitFor()
  await expect.poll(() => window.comparedText('modified')).toContain('<|im_end|>\n<|im_start|>assistant\nThe')
  expect(await window.comparedText('original')).toMatch(/\p{Script=Han}/u)
  expect(await window.comparedText('modified')).not.toMatch(/\p{Script=Han}/u)
  await window.runCommand('Notifications: Clear All Notifications')
  await window.screenshot('diff')
})

it('has everything again after a reload', async () => {
  await window.reload()
  await window.runCommand('Promptscope: Focus on Pins & Edits View')
  await window.row(/L\d+\/\d+ = 0/).waitFor()
  await window.row(/drift\.prompt/).first().waitFor()
  await window.page.locator('.pane-body:visible .monaco-button', { hasText: 'Model' }).first().waitFor()
  await window.screenshot('reloaded')
})

it('opens the Scope panel, where a token shows its features and a feature its chart', async () => {
  await window.page.setViewportSize({ width: 1280, height: 1120 })
  await window.runCommand('View: Toggle Primary Side Bar Visibility')
  await window.runCommand('Promptscope: Open Scope Panel')
  const panel = window.panel()
  await panel.getByRole('button', { name: /re-run/i }).first().waitFor()
  await panel.getByRole('option').nth(22).click()
  await panel.locator('.feature-name:visible').first().click()
  await panel.locator('canvas:visible').waitFor()
})

it('selects the same token in the editor and in the panel', async () => {
  const panel = window.panel()
  await window.page.locator('.view-line:visible').filter({ hasText: 'beautiful' }).first().click({ position: { x: 12, y: 10 } })
  await expect.poll(() => panel.getByRole('option', { selected: true }).innerText()).toContain('The')
  await panel.getByRole('option').nth(7).click()
  await expect.poll(() => window.isSelectionIn('about the moon.<|im_end|>')).toBe(true)
  await panel.getByRole('option').nth(22).click()
})

it.each([
  ['dark', 'Default Dark Modern', 'vs-dark'],
  ['high-contrast', 'Default High Contrast', 'hc-black'],
  ['light', 'Default Light Modern', 'vs'],
] as const)('shows the panel in a %s theme', async (name, theme, kind) => {
  window.setSettings({ 'workbench.colorTheme': theme })
  await window.page.locator(`.monaco-workbench.${kind}`).waitFor()
  await window.screenshot(`scope-${name}`)
})

it('tells how well the SAE set explains the model', async () => {
  await window.runCommand('Promptscope: Check SAE Fit')
  await window.choices.filter({ hasText: /^L5/ }).waitFor()
  await window.screenshot('sae-fit')
  await window.page.keyboard.press('Escape')
})

it('lists the models that are there, with their SAE sets', async () => {
  await window.runCommand('Promptscope: Choose Model')
  await window.choices.filter({ hasText: 'demo/model' }).waitFor()
  await window.screenshot('models')
  await window.page.keyboard.press('Escape')
})

it('says what each precision takes and costs, and runs at 8 bits', async () => {
  await window.runCommand('Promptscope: Choose Precision')
  await window.choices.filter({ hasText: '8-bit weights' }).waitFor()
  await window.screenshot('precision')
  await window.choices.filter({ hasText: '8-bit weights' }).click()
  await window.runCommand('Promptscope: Load Model')
  await window.statusItem(/q8/).waitFor()
  await window.runCommand('Promptscope: Focus on Model View')
  await window.screenshot('model-q8')
})

it('offers to download the models that have SAE sets', async () => {
  await window.runCommand('Promptscope: Download Model or SAE Set')
  await window.choices.filter({ hasText: 'Qwen3-1.7B' }).first().waitFor()
  await window.screenshot('download')
  await window.page.keyboard.press('Escape')
})

it('says what is wrong with a model and what to do', async () => {
  await window.runCommand('Promptscope: Load Model')
  await window.statusItem(/demo\/model/).waitFor()
  window.setSettings({ 'promptscope.model': '/no/such/model' })
  await window.statusItem(/no model/).waitFor()
  await window.runCommand('Promptscope: Run Prompt')
  await window.notification(/\/no\/such\/model/)
  await window.screenshot('problem')
})

it('introduces itself in five steps', async () => {
  await window.runCommand('Promptscope: Get Started')
  await window.page.getByText('Suppress and compare').first().waitFor()
  await window.screenshot('walkthrough')
})
