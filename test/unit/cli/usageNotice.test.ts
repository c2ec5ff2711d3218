// The notice of Qwen-Scope: once, and for its own weights only.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { showUsageNotice } from '../../../server/cli/usageNotice'
import { usageNotice } from '../../../server/protocol/usageNotice'
import { newFolder } from '../checkpoint/tinyFolders'

/** What a set without a configuration tells of itself. */
const UNTOLD = { layout: 'Goodfire', baseModel: null }

test.each([
  ['/models/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50', true],
  ['/cache/hub/models--Qwen--SAE-Res-Qwen3.5-27B-W80K-L0_50/snapshots/abc', true],
  ['C:\\models\\SAE-Res-Qwen3-8B-Base-W64K-L0_100', true],
  ['/promptscope/demo/sae', false],
  ['/models/SAE-Res-Other', false],
])('%s has a notice: %s', (path, has) => expect(usageNotice(path, UNTOLD) !== null).toBe(has))

test.each([
  ['Qwen-Scope', 'Qwen/Qwen3-1.7B-Base', true],
  ['Qwen-Scope', 'promptscope-demo', false],
  ['SAELens', 'Qwen/Qwen3-1.7B', false],
])('a renamed folder with files of %s, trained on %s, has a notice: %s', (layout, baseModel, has) => expect(usageNotice('/models/saes', { layout, baseModel }) !== null).toBe(has))

test('is shown the first time and not again', async () => {
  const lines: string[] = []
  const folder = join(await newFolder(), 'state')
  const show = (path: string | null) => showUsageNotice(path === null ? null : { path, ...UNTOLD }, { note: (line) => void lines.push(line) }, folder)
  await show(null)
  await show('/models/sae')
  await show('/models/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50')
  await show('/models/SAE-Res-Qwen3-8B-Base-W64K-L0_100')
  expect(lines).toEqual([expect.stringMatching(/^promptscope: the card of Qwen-Scope asks/)])
})
