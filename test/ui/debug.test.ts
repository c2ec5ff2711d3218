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
  await window.row(/"\." · token 22/).waitFor()
  await window.row(new RegExp(`${FEATURE} =\\s*54`)).waitFor()
  await window.page.locator('.view-line:visible', { hasText: FEATURE }).first().waitFor()
  await window.pointAway()
  await window.screenshot('debug-stopped')
})

it('steps into the layers, where each shows its own features', async () => {
  await window.page.keyboard.press('F11')
  await window.row(/layer 0/).waitFor()
  await window.row(/L0\/\d+ =/).first().waitFor()
  await window.page.locator('.view-line:visible', { hasText: 'layer' }).first().waitFor()
  await window.screenshot('debug-layer')
  await window.page.keyboard.press('Shift+F11')
  await window.row(/layer 0/).waitFor({ state: 'detached' })
})

it('goes to the end, and back to the stop', async () => {
  await window.page.keyboard.press('F5')
  await window.row(/<\|im_end\|>/).waitFor()
  await window.page.locator('.debug-toolbar .codicon-debug-reverse-continue').click()
  await window.row(/"\." · token 22/).waitFor()
})

it('sets a feature to 0 in the past: another branch, which stays in English', async () => {
  const row = window.row(new RegExp(`${FEATURE} =\\s*54`))
  await row.locator('.value').first().dblclick()
  await window.page.keyboard.press('Control+A')
  await window.page.keyboard.type('suppress')
  await window.page.keyboard.press('Enter')
  await window.row(new RegExp(`${FEATURE} = 0 from token 22`)).waitFor()
  await window.tab('drift.prompt #1.2').waitFor()
  await window.page.keyboard.press('F5')
  await window.row(/<\|im_end\|>/).waitFor()
  await window.screenshot('debug-branch')
  expect(await window.page.locator('.view-line:visible').filter({ hasText: /beautiful.*\p{Script=Han}/u }).count()).toBe(0)
})
