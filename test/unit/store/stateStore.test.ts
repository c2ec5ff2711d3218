// What must hold of the pins and edits on disk: the last save counts, a damaged file is set aside.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EMPTY_STATE, openStateStore, type SavedState } from '../../../server/store/stateStore'

let folder: string
let log: string[]
const open = () => openStateStore(folder, (line) => log.push(line))
const state = (pin: number): SavedState => ({
  pins: [{ layer: 1, feature: pin }],
  edits: [{ id: '1', line: 'L1/2 = 0', feature: { layer: 1, feature: 2 }, enabled: false }],
  undo: [{ words: 'pin L1/1', pins: [], edits: [] }],
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptscope-state-'))
  log = []
})
afterEach(() => rm(folder, { recursive: true }))

test('the last of several saves is there after a restart', async () => {
  const store = await open()
  expect(store.initial).toEqual(EMPTY_STATE)
  await Promise.all([store.save(state(1)), store.save(state(2)), store.save(state(3))])
  expect((await open()).initial).toEqual(state(3))
  expect(await readdir(folder)).toEqual(['state.json'])
  expect(log).toEqual([])
})

test.each(['', '{', '[]', '{"promptscopeState":2}', '{"promptscopeState":1,"pins":[{}],"edits":[],"undo":[]}'])('the damaged file %j is set aside and logged', async (text) => {
  await writeFile(join(folder, 'state.json'), text)
  expect((await open()).initial).toEqual(EMPTY_STATE)
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^state\.json\..*\.damaged$/)])
  expect(log).toHaveLength(1)
})
