// What must hold of the runs on disk: the same after a restart, damaged files set aside, interrupted runs marked, deletion taken back.
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StoredRun } from '../../../server/store/runFile'
import { KEPT_RUNS, openRunStore } from '../../../server/store/runStore'
import { sampleRun } from './sampleRun'

let folder: string
let log: string[]
const open = () => openRunStore(folder, (line) => log.push(line))
const openStoreAndSave = async (run: StoredRun) => (await open()).save(run)
const stored = (id: string, change = {}) => ({ detail: sampleRun({ id, ...change }), promptText: 'Hello world' })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptscope-runs-'))
  log = []
})
afterEach(() => rm(folder, { recursive: true }))

describe('a run that was saved', () => {
  test('is the same after a restart', async () => {
    const run = stored('a')
    await (await open()).save(run)
    const again = await open()
    expect(again.list().map(({ id }) => id)).toEqual(['a'])
    expect(again.cached('a')).toBeNull()
    expect(await again.get('a')).toEqual(run)
    expect(again.cached('a')).toEqual(run)
    expect(log).toEqual([])
  })

  test('is listed newest first and found by its prompt text', async () => {
    const store = await open()
    await store.save(stored('a', { createdAt: '2026-01-01T00:00:00.000Z' }))
    await store.save(stored('b', { createdAt: '2026-01-02T00:00:00.000Z' }))
    await store.save({ ...stored('c', { createdAt: '2026-01-03T00:00:00.000Z' }), promptText: 'another text' })
    const again = await open()
    expect(again.list().map(({ id }) => id)).toEqual(['c', 'b', 'a'])
    expect(again.findByPrompt('file:///prompts/greeting.prompt', 'Hello world')?.id).toBe('b')
    expect(again.findByPrompt('file:///prompts/other.prompt', 'Hello world')).toBeNull()
  })

  test('lets other work through while a large one is written', async () => {
    const layers = Array.from({ length: 8 }, (_, layer) => layer)
    const saved = openStoreAndSave(stored('a', { layers, features: Object.fromEntries(layers.map((layer) => [layer, sampleRun().features[0]!])) }))
    let turns = 0
    let isSaved = false
    void saved.then(() => (isSaved = true))
    while (!isSaved) {
      await new Promise((resolve) => setImmediate(resolve))
      turns++
    }
    expect(turns).toBeGreaterThan(layers.length)
    expect((await (await open()).get('a'))?.detail.features).toEqual(Object.fromEntries(layers.map((layer) => [layer, sampleRun().features[0]])))
  })

  test('keeps its last state when several saves wait', async () => {
    const store = await open()
    const saves = [1, 2, 3, 4].map((generatedTokens) => store.save(stored('a', { generatedTokens })))
    await Promise.all(saves)
    expect((await (await open()).get('a'))?.detail.generatedTokens).toBe(4)
    expect(await readdir(folder)).toEqual(['a.run'])
  })

  test('that was still running comes back as failed with the tokens it had', async () => {
    await (await open()).save(stored('a', { status: { kind: 'running' } }))
    const run = await (await open()).get('a')
    expect(run?.detail.status).toEqual({ kind: 'failed', message: 'run was interrupted because the worker stopped', remedy: 'run the prompt again' })
    expect(run?.detail.tokens).toHaveLength(4)
    expect((await open()).list()[0]?.status.kind).toBe('failed')
  })
})

describe('a damaged file', () => {
  const damages: [string, (path: string) => Promise<void>][] = [
    ['empty', (path) => writeFile(path, '')],
    ['cut short', (path) => truncate(path, 900)],
    ['not JSON', (path) => writeFile(path, 'no run\n')],
    ['of another version', async (path) => writeFile(path, (await readFile(path, 'utf8')).replace('"promptscopeRun":1', '"promptscopeRun":2'))],
  ]
  test.each(damages)('%s is set aside and logged; the others stay', async (_name, damage) => {
    const store = await open()
    await store.save(stored('a'))
    await store.save(stored('b'))
    await damage(join(folder, 'a.run'))
    const again = await open()
    expect(again.list().map(({ id }) => id)).toEqual(['b'])
    expect((await readdir(folder)).filter((name) => name.startsWith('a.run.') && name.endsWith('.damaged'))).toHaveLength(1)
    expect(log.join()).toContain('a.run cannot be read')
  })

  test('is set aside when only its second line is damaged', async () => {
    await (await open()).save(stored('a'))
    const path = join(folder, 'a.run')
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.slice(0, -3) + '??\n')
    const again = await open()
    expect(await again.get('a')).toBeNull()
    expect(again.list()).toEqual([])
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^a\.run\..*\.damaged$/)])
  })
})

describe('deletion', () => {
  test('is taken back, also after a restart, last deleted first', async () => {
    const store = await open()
    await store.save(stored('a'))
    await store.save(stored('b'))
    await store.remove('a')
    await store.remove('b')
    expect(store.list()).toEqual([])
    const again = await open()
    expect((await again.restore())?.id).toBe('b')
    expect((await again.restore())?.id).toBe('a')
    expect(await again.restore()).toBeNull()
    expect((await open()).list()).toHaveLength(2)
  })

  test('of the oldest run happens past the limit and is logged', async () => {
    const store = await openRunStore(null, (line) => log.push(line))
    for (let i = 0; i <= KEPT_RUNS; i++) await store.save(stored(`r${i}`, { createdAt: new Date(i * 1000).toISOString() }))
    expect(store.list()).toHaveLength(KEPT_RUNS)
    expect(store.summary('r0')).toBeNull()
    expect(log).toEqual([`run greeting.prompt #1 of 1970-01-01T00:00:00.000Z was deleted: the newest ${KEPT_RUNS} runs are kept`])
  })
})

test('without a folder runs are kept in memory', async () => {
  const store = await openRunStore(null, () => {})
  await store.save(stored('a'))
  expect((await store.get('a'))?.detail.id).toBe('a')
  await store.remove('a')
  expect(await store.get('a')).toBeNull()
  expect((await store.restore())?.id).toBe('a')
})
