// Branches of debug sessions as runs: how they are listed, grow, stand, are cut, read, kept on disk, and what cannot be done to them.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DebuggedProgram } from '../../../server/debug/program'
import { parseRunUri } from '../../../server/protocol/runUri'
import { GREEDY, type Edit } from '../../../server/protocol/values'
import { openRunStore } from '../../../server/store/runStore'
import { openBranch, openDebugWorkings, STORY, summaryOf, tokensOf, type DebugWorkings } from './debugWorkings'

const SUPPRESSED: Edit = { feature: { layer: 0, feature: 7 }, operation: { kind: 'set', value: 0 }, positions: { kind: 'all' } }
const BOOSTED: Edit = { feature: { layer: 1, feature: 3 }, operation: { kind: 'add', value: 5 }, positions: { kind: 'generated' } }
const NEVER = new AbortController().signal

let folder: string
let workings: DebugWorkings
let program: DebuggedProgram
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptscope-debug-'))
  workings = await openDebugWorkings(folder)
  program = await workings.launch({})
})
afterEach(async () => {
  await workings.programs.close()
  await workings.store.flush()
  await rm(folder, { recursive: true, force: true })
})

const layersRead = (): number => workings.engine.reads.filter(({ layers }) => layers.length > 0).length
const detail = async (runId: string | null) => (await workings.runs.detail(runId!))!

describe('a branch in the list of runs', () => {
  test('is listed at once, grows, and stands', async () => {
    const record = openBranch(program, tokensOf(program, []))
    expect(summaryOf(workings.runs, record)).toMatchObject({ name: 'story.txt #1', promptUri: `file://${STORY}`, status: { kind: 'running' }, promptTokens: 3, generatedTokens: 0, parent: null })
    expect(parseRunUri(record.uri!)).toBe(record.runId)

    record.add(tokensOf(program, [11, 12]).slice(3))
    await record.rest('paused')
    expect(workings.changes.at(-1)).toMatchObject({ summary: { status: { kind: 'paused' }, generatedTokens: 2, preview: 'w11 w12' }, text: 'one two three w11 w12', generatedStart: 13 })
    expect((await detail(record.runId)).tokens.map(({ text, generated, logprob, range }) => [text, generated, logprob, range.end])).toEqual([
      ['one', false, null, 3], [' two', false, null, 7], [' three', false, null, 13], [' w11', true, -0.5, 17], [' w12', true, -0.5, 21],
    ])
  })

  test('forgets what is cut and goes on otherwise, with what it is done with from then on', async () => {
    const record = openBranch(program, tokensOf(program, [11, 12, 13], { 1: [0], 4: [0] }), [SUPPRESSED])
    expect(summaryOf(workings.runs, record).edits).toEqual([{ edit: 'L0/7 = 0', firedAt: [1, 4] }])
    record.cut(4)
    record.change({ name: 'main', edits: [BOOSTED, SUPPRESSED], sampling: { ...GREEDY, temperature: 0.7 } })
    record.add(tokensOf(program, [11, 20], { 4: [0] }).slice(4))
    await record.rest('length')
    expect(summaryOf(workings.runs, record)).toMatchObject({
      status: { kind: 'done', reason: 'length' }, sampling: { temperature: 0.7 }, generatedTokens: 2,
      edits: [{ edit: 'L1/3 += 5 @ generated', firedAt: [4] }, { edit: 'L0/7 = 0', firedAt: [1] }],
    })
    expect((await detail(record.runId)).text).toBe('one two three w11 w20')
  })

  test('that was forked names its parent and the first token that differs', async () => {
    const parent = openBranch(program, tokensOf(program, [11, 12]))
    const fork = program.openRecord({ name: 'main 2', parent: { record: parent, position: 4 }, tokens: tokensOf(program, [11]), edits: [SUPPRESSED], sampling: GREEDY })
    expect(summaryOf(workings.runs, fork)).toMatchObject({ name: 'story.txt #1.2', parent: { runId: parent.runId, firstRecomputed: 4 }, edits: [{ edit: 'L0/7 = 0', firedAt: [] }] })
  })

  test('is called what its user calls it, at the same address', async () => {
    const record = openBranch(program, tokensOf(program, []))
    const { uri } = record
    record.change({ name: 'main', edits: [SUPPRESSED], sampling: GREEDY })
    expect(summaryOf(workings.runs, record).name).toBe('story.txt #1')
    record.change({ name: 'without seven', edits: [SUPPRESSED], sampling: GREEDY })
    expect(summaryOf(workings.runs, record).name).toBe('without seven')
    expect(record.uri).toBe(uri)
    const next = await workings.launch({})
    expect(summaryOf(workings.runs, openBranch(next, tokensOf(next, []))).name).toBe('story.txt #1')
  })

  test('counts on where runs have come to', async () => {
    await workings.runs.start({ promptUri: `file://${STORY}`, text: 'one two three' }, NEVER)
    const record = openBranch(program, tokensOf(program, []))
    expect(summaryOf(workings.runs, record).name).toBe('story.txt #2')
    program.openRecord({ name: 'main 2', parent: { record, position: 3 }, tokens: tokensOf(program, []), edits: [], sampling: GREEDY })
    expect((await workings.runs.start({ promptUri: `file://${STORY}`, text: 'one two three' }, NEVER)).name).toBe('story.txt #3')
  })

  test('can be run again while it stands, and is not stopped by runs of its prompt', async () => {
    const record = openBranch(program, tokensOf(program, [11]))
    await record.rest('paused')
    expect(await workings.runs.rerun(record.runId!, NEVER)).toMatchObject({ name: 'story.txt #2', status: { kind: 'done' }, parent: { runId: record.runId } })
    await workings.runs.start({ promptUri: `file://${STORY}`, text: 'one two three' }, NEVER)
    expect(summaryOf(workings.runs, record).status).toEqual({ kind: 'paused' })
  })

  test('of a text has no prompt file', async () => {
    const ofText = await workings.launch({ tokenIds: [4, 5] })
    const record = openBranch(ofText, tokensOf(ofText, [6]))
    expect(summaryOf(workings.runs, record)).toMatchObject({ name: 'text #1', promptUri: null, promptTokens: 2 })
    expect((await detail(record.runId)).text).toBe(' w4 w5 w6')
  })

  test('is what the prompt file shows', () => {
    const record = openBranch(program, tokensOf(program, []))
    expect(workings.runs.findByPrompt(`file://${STORY}`, 'one two three')).toMatchObject({ id: record.runId, status: { kind: 'running' } })
  })
})

describe('the end of a session', () => {
  test('leaves branches as runs that can be deleted; those that came to their end keep it', async () => {
    const ended = openBranch(program, tokensOf(program, [11]))
    await ended.rest('stop')
    const standing = program.openRecord({ name: 'main 2', parent: { record: ended, position: 3 }, tokens: tokensOf(program, []), edits: [], sampling: GREEDY })
    await standing.rest('paused')
    await expect(workings.runs.remove(standing.runId!)).rejects.toThrow('is being debugged')
    expect(() => workings.runs.cancel(standing.runId!)).toThrow('is being debugged')

    await program.close()
    expect(summaryOf(workings.runs, ended).status).toEqual({ kind: 'done', reason: 'stop' })
    expect(summaryOf(workings.runs, standing).status).toEqual({ kind: 'cancelled' })
    await workings.runs.remove(standing.runId!)
    expect(workings.runs.list().map(({ id }) => id)).toEqual([ended.runId])
    expect(await workings.runs.restore()).toMatchObject({ id: standing.runId })
  })

  test('that failed keeps tokens, edits and the reason on disk', async () => {
    const record = openBranch(program, tokensOf(program, [11, 12]), [SUPPRESSED])
    await record.rest({ message: 'the engine stopped', remedy: 'run again' })
    await program.close()
    const reopened = await openRunStore(folder, () => {})
    expect((await reopened.get(record.runId!))!.detail).toMatchObject({ status: { kind: 'failed', message: 'the engine stopped', remedy: 'run again' }, edits: [{ edit: 'L0/7 = 0' }], tokens: [{}, {}, {}, { id: 11 }, { id: 12 }] })
  })

  test.each([['paused', 'debug session was interrupted because the worker stopped'], ['running', 'run was interrupted because the worker stopped']])('by a crash leaves a branch that was %s as failed', async (state, message) => {
    const record = openBranch(program, tokensOf(program, [11, 12]))
    if (state === 'paused') await record.rest('paused')
    await expect.poll(() => readFile(join(folder, `${record.runId}.run`), 'utf8')).toMatch(new RegExp(`"status":{"kind":"${state}"}.*"generatedTokens":2`))
    const reopened = await openRunStore(folder, () => {})
    expect((await reopened.get(record.runId!))!.detail).toMatchObject({ status: { kind: 'failed', message }, tokens: [{}, {}, {}, {}, {}] })
  })
})

describe('how likely the prompt was', () => {
  const likely = async (runId: string | null) => (await detail(runId)).tokens.map(({ logprob }) => logprob)

  test('is read while the branch stands, also at its end', async () => {
    const record = openBranch(program, tokensOf(program, [11]))
    const told = workings.nextChange(({ summary }) => summary.status.kind === 'done')
    await record.rest('length')
    await told
    await expect.poll(() => likely(record.runId)).toEqual([null, -0.25, -0.25, -0.5])
  })

  test('is read anew when the prompt was made anew', async () => {
    const record = openBranch(program, tokensOf(program, []))
    await record.rest('paused')
    await expect.poll(() => likely(record.runId)).toEqual([null, -0.25, -0.25])
    record.cut(1)
    record.add(tokensOf(program, [11]).slice(1))
    expect(await likely(record.runId)).toEqual([null, null, null, -0.5])
    await record.rest('paused')
    await expect.poll(() => likely(record.runId)).toEqual([null, -0.25, -0.25, -0.5])
  })
})

describe('layers of a branch that stands', () => {
  test('are read without being asked for, and again only for tokens that are new', async () => {
    const record = openBranch(program, tokensOf(program, [11]))
    const [first, second] = [workings.layerRead(0), workings.layerRead(1)]
    await record.rest('paused')
    await Promise.all([first, second])
    expect(await detail(record.runId)).toMatchObject({ layers: [0, 1], saeLayers: [0, 1] })

    record.add(tokensOf(program, [11, 12]).slice(4))
    expect((await detail(record.runId)).layers).toEqual([])
    const [third, fourth] = [workings.layerRead(0), workings.layerRead(1)]
    await record.rest('paused')
    await Promise.all([third, fourth])
    const run = await detail(record.runId)
    expect(run.layers).toEqual([0, 1])
    expect([...run.features[0]!.features]).toEqual(run.tokens.map(({ id }) => id % 64))
    expect(workings.engine.reads.filter(({ layers }) => layers.length > 0).map(({ from, tokenIds }) => [from, tokenIds.length])).toEqual([[0, 4], [4, 5]])
  })

  test('that come when tokens have been cut meanwhile are left out and read again', async () => {
    workings.engine.hold()
    const record = openBranch(program, tokensOf(program, [11, 12]))
    await record.rest('paused')
    await expect.poll(() => layersRead()).toBe(1)
    record.cut(4)
    record.add(tokensOf(program, [11, 30]).slice(4))
    await record.rest('paused')
    const read = Promise.all([workings.layerRead(0), workings.layerRead(1)])
    workings.engine.release(9)
    await read
    expect(layersRead()).toBe(2)
    expect([...(await detail(record.runId)).features[0]!.features].at(-1)).toBe(30)
  })

  test('are read anew when its edits are others', async () => {
    const record = openBranch(program, tokensOf(program, [11]))
    const read = Promise.all([workings.layerRead(0), workings.layerRead(1)])
    await record.rest('paused')
    await read
    record.change({ name: 'main', edits: [SUPPRESSED], sampling: GREEDY })
    expect((await detail(record.runId)).layers).toEqual([])
  })

  test('wait while it runs', async () => {
    const record = openBranch(program, tokensOf(program, [11]))
    let isThere = false
    const ended = workings.runs.ended(record.runId!, NEVER).then(() => (isThere = true))
    await Promise.resolve()
    expect(isThere).toBe(false)
    await record.rest('paused')
    await ended
  })

  test('of a large model are those on screen', async () => {
    const large = await openDebugWorkings(null, { model: '/models/large', sae: '/models/large-sae' })
    large.list.pins = [{ layer: 5, feature: 1 }]
    const opened = await large.launch({})
    const record = openBranch(opened, tokensOf(opened, [11]))
    const read = large.layerRead(5)
    await record.rest('paused')
    await read
    expect((await large.runs.detail(record.runId!))!.layers).toEqual([5])
    await large.programs.close()
  })
})
