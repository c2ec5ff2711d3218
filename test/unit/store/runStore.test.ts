// What must hold of the runs on disk: the same after a restart, damaged files set aside, interrupted runs marked, deletion taken back.
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packTable } from '../../../server/protocol/featureColumns'
import { summaryOf } from '../../../server/protocol/runRecord'
import type { StoredRun } from '../../../server/store/runFile'
import { KEPT_RUNS, openRunStore } from '../../../server/store/runStore'
import { sampleRun, type RunChange } from './sampleRun'

let folder: string
let log: string[]
const open = () => openRunStore(folder, (line) => log.push(line))
const openStoreAndSave = async (run: StoredRun) => (await open()).save(run)
const stored = (id: string, change: RunChange = {}) => ({ detail: sampleRun({ id, ...change }), promptText: 'Hello world' })

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

  test('keeps features of wide SAEs, and what edits made of them', async () => {
    const wide = [[{ feature: 1_000_000, activation: 0.5 }], [], [{ feature: 65_535, activation: 1 }, { feature: 0, activation: 0.25 }], []]
    for (const sae of [{ path: '/sae', dSae: 2_000_000, k: null }, null]) {
      const run = stored('a', { sae, layers: [3], saeLayers: [3, 7], features: { 3: wide }, featuresAfterEdit: { 3: [[], [], [{ feature: 1, activation: 2 }], []] } })
      await openStoreAndSave(run)
      expect(await (await open()).get('a')).toEqual(run)
    }
  })

  test('can be read from files of version 1, whose tables were base64', async () => {
    const run = sampleRun()
    const { text, generatedStart, tokens } = run
    const base64 = (numbers: Uint32Array | Float64Array): string => Buffer.from(numbers.buffer).toString('base64')
    const features = { 1: { counts: base64(Uint32Array.of(1, 0, 2, 0)), features: base64(Uint32Array.of(63, 8, 9)), activations: base64(Float64Array.of(1, 12.5, 0.5)) } }
    const body = JSON.stringify({ promptText: 'Hello world', text, generatedStart, tokens, layers: [1], features, featuresAfterEdit: {} })
    await writeFile(join(folder, 'a.run'), `${JSON.stringify({ promptscopeRun: 1, promptDigest: null, bodyBytes: Buffer.byteLength(body), summary: summaryOf({ ...run, id: 'a' }) })}\n${body}\n`)
    const store = await open()
    expect(store.list()).toMatchObject([{ id: 'a' }])
    const read = await store.get('a')
    expect(read?.detail).toEqual({ ...run, id: 'a', layers: [1], saeLayers: [1], layerScales: { 1: 12.5 }, features: packTable({ 1: [[{ feature: 63, activation: 1 }], [], [{ feature: 8, activation: 12.5 }, { feature: 9, activation: 0.5 }], []] }) })
    await store.save(read!)
    expect(await (await open()).get('a')).toEqual(read)
    expect(log).toEqual([])
  })

  test('that more was read of is readable at once, and on disk with the next flush', async () => {
    const store = await open()
    await store.save(stored('a', { layers: [0] }))
    store.keep(stored('a', { layers: [0, 1] }))
    expect((await store.get('a'))?.detail.layers).toEqual([0, 1])
    expect((await (await open()).get('a'))?.detail.layers).toEqual([0])
    await store.flush()
    expect((await (await open()).get('a'))?.detail.layers).toEqual([0, 1])
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
    ['of another version', async (path) => writeFile(path, (await readFile(path, 'latin1')).replace('"promptscopeRun":2', '"promptscopeRun":3'), 'latin1')],
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

  test('is set aside when its features do not end where they should', async () => {
    await (await open()).save(stored('a'))
    const path = join(folder, 'a.run')
    const bytes = await readFile(path)
    const columns = bytes.indexOf(10, bytes.indexOf(10) + 1) + 1
    bytes.writeUInt32LE(7, columns)
    await writeFile(path, bytes)
    expect(await (await open()).get('a')).toBeNull()
    expect(log.join()).toContain('does not say where the features of layer 0 end')
  })

  test('is set aside when only its second line is damaged', async () => {
    await (await open()).save(stored('a'))
    const path = join(folder, 'a.run')
    const text = await readFile(path, 'latin1')
    await writeFile(path, text.replace('"tokens":[', '"tokens":?'), 'latin1')
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
