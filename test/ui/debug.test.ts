// The debugger on the screen: a breakpoint on a feature, F5, what a stop looks like, a change by Set Variable in the past, a branch. Leaves docs/images/debugger.png.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openEditorWindow, type EditorWindow } from './editorWindow'

// Fires on the full stop after which the answer to drift.prompt turns Chinese.
const FEATURE = 'L5/500'

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

it('takes a breakpoint on a feature', async () => {
  await window.openFile('drift.prompt')
  await window.lens('Debug').waitFor()
  await window.runCommand('Promptscope: Break When Feature Fires')
  await window.page.locator('.quick-input-widget:visible', { hasText: 'Stops wherever it fires' }).waitFor()
  await window.page.keyboard.type(`${FEATURE} > 50`)
  await window.page.keyboard.press('Enter')
})

it('stops there after F5, with the token marked and what fires on it beside it', async () => {
  await window.tab('drift.prompt').click()
  await window.page.keyboard.press('F5')
  await callStackRow(/"\." · token 22/).waitFor()
  await window.row(new RegExp(`${FEATURE} =\\s*54`)).waitFor()
  await window.page.locator('.view-line:visible', { hasText: FEATURE }).first().waitFor()
  await window.pointAway()
  await window.screenshot('debug-stopped')
})

it('steps into the layers, where each shows its own features', async () => {
  await window.page.keyboard.press('F11')
  await callStackRow(/layer 0/).waitFor()
  await window.row(/L0\/\d+ =/).first().waitFor()
  await window.page.locator('.view-line:visible', { hasText: 'layer' }).first().waitFor()
  await window.screenshot('debug-layer')
  await window.page.keyboard.press('Shift+F11')
  await callStackRow(/layer 0/).waitFor({ state: 'detached' })
})

it('goes to the end, and back to the stop', async () => {
  await window.page.keyboard.press('F5')
  await callStackRow(/<\|im_end\|>/).waitFor()
  await window.page.locator('.debug-toolbar .codicon-debug-reverse-continue').click()
  await callStackRow(/"\." · token 22/).waitFor()
})

it('sets a feature to 0 in the past: another branch, which stays in English', async () => {
  const row = window.row(new RegExp(`${FEATURE} =\\s*54`))
  await row.locator('.value').first().dblclick()
  await window.page.keyboard.press('Control+A')
  await window.page.keyboard.type('suppress')
  await window.page.keyboard.press('Enter')
  await callStackRow(new RegExp(`${FEATURE} = 0 from token 22`)).waitFor()
  await window.tab('drift.prompt #1.2').waitFor()
  await window.tab('drift.prompt #1.2').click()
  await window.page.keyboard.press('F5')
  await callStackRow(/<\|im_end\|>/).waitFor()
  await window.row(/Features/).waitFor()
  await window.row(/L\d\/\d+ =.*chat markers/).waitFor()
  await window.pointAway()
  await window.screenshot('debug-branch')
})

it('names the branch, in the call stack and among the runs', async () => {
  await window.runCommand('Promptscope: Name Branch')
  await window.page.locator('.quick-input-widget:visible', { hasText: 'Press' }).waitFor()
  await window.page.keyboard.type('in English')
  await window.page.keyboard.press('Enter')
  await callStackRow(/in English/).waitFor()
  await window.runCommand('Promptscope: Focus on Runs View')
  await window.row(/in English.*in the debugger/).waitFor()
  await window.screenshot('debug-runs')
  await window.runCommand('View: Show Run and Debug')
})

it('compares the two branches', async () => {
  await window.runCommand('View: Toggle Panel Visibility')
  await window.runCommand('Promptscope: Compare Branches')
  await expect.poll(() => window.comparedText('original')).toMatch(/\p{Script=Han}/u)
  expect(await window.comparedText('modified')).not.toMatch(/\p{Script=Han}/u)
})

it('goes back to the first branch by a click on its frame, where expressions are watched', async () => {
  const frame = callStackRow(/"\." · token 22/)
  if (!(await frame.isVisible())) await callStackRow(/paused on/i).click()
  await frame.click()
  await window.row(new RegExp(`${FEATURE} =\\s*54`)).waitFor()
  for (const expression of [`act(${FEATURE})`, 'entropy', 'rank']) await watchExpression(expression)
  await window.page.locator('.view-line:visible', { hasText: FEATURE }).first().waitFor()
  await window.pointAway()
  await window.screenshot('debugger')
})

async function watchExpression(expression: string): Promise<void> {
  await window.page.locator('.pane-header', { hasText: 'Watch' }).hover()
  await window.page.locator('.pane-header', { hasText: 'Watch' }).getByLabel('Add Expression').click()
  await window.page.locator('.debug-watch .inputBoxContainer input').waitFor()
  await window.page.keyboard.type(expression)
  await window.page.keyboard.press('Enter')
  await window.page.locator('.debug-watch .monaco-list-row', { hasText: expression }).waitFor()
}

function callStackRow(text: RegExp) {
  return window.page.locator('.debug-call-stack .monaco-list-row', { hasText: text }).first()
}
