// The debug adapter as clients outside of VS Code have it, `promptscope serve --dap --stdio` with the demo model, held against what `trace` says of the same run.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Trace } from '../../server/protocol/values'
import { DEMO, generatedText, isAlive, realSessions, type RealSession, type RealSessions } from './realSession'

const RUN = { text: 'The weather today', generate: 24, temperature: 0.8, seed: 3 }
const FLAGS = ['--text', 'The weather today', '--generate', '24', '--temperature', '0.8', '--seed', '3']

let sessions: RealSessions
let plain: Trace
beforeAll(async () => {
  sessions = await realSessions()
  plain = await sessions.trace([...FLAGS, '--top', '64'])
})
afterAll(() => sessions.remove())

/** Runs on to the end and hangs up. */
async function finish(session: RealSession, threadId = 1): Promise<void> {
  await session.request('continue', { threadId })
  expect(await session.event('exited')).toEqual({ exitCode: 0 })
  await session.event('terminated')
  await session.request('disconnect')
  expect(await session.ended).toEqual({ code: 0, stderr: '' })
}

async function positionOf(session: RealSession, threadId = 1): Promise<number> {
  const [frame] = await session.stack(threadId)
  const { result } = await session.request<DebugProtocol.EvaluateResponse['body']>('evaluate', { expression: 'position', frameId: frame!.id, context: 'watch' })
  return Number(result)
}

/** The generated token at which a feature of a layer that is silent before it fires first. */
function firstFiring(trace: Trace): { readonly name: string; readonly position: number; readonly activation: number } {
  for (const token of trace.tokens.filter(({ generated }) => generated).slice(5)) {
    for (const [layer, lists] of Object.entries(trace.features)) {
      for (const { feature, activation } of lists[token.index]!) {
        if (lists.slice(0, token.index).every((list) => list.every((each) => each.feature !== feature))) return { name: `L${layer}/${feature}`, position: token.index, activation }
      }
    }
  }
  throw new Error('every feature fires from the beginning')
}

describe('tokens are those of trace', () => {
  it('for a text, straight through', async () => {
    const session = await sessions.start(RUN)
    expect(await session.event('exited')).toEqual({ exitCode: 0 })
    await session.event('terminated')
    expect(session.completion()).toBe(generatedText(plain))
    await session.request('disconnect')
    expect(await session.ended).toEqual({ code: 0, stderr: '' })
  })

  it('for token ids, stepped forward and back', async () => {
    const session = await sessions.start({ ...RUN, text: undefined, tokenIds: plain.tokens.filter(({ generated }) => !generated).map(({ id }) => id), stopOnEntry: true })
    expect(await session.event('stopped')).toMatchObject({ reason: 'entry' })
    for (const command of ['next', 'next', 'next', 'next', 'stepBack', 'next', 'next', 'stepBack', 'stepBack']) expect(await session.move(command, 1)).toMatchObject({ reason: 'step' })
    expect(await positionOf(session)).toBe(3)
    await finish(session)
    expect(session.completion()).toBe(generatedText(plain))
  })

  it('for a prompt file with edits of its own, a .steer file and edit lines', async () => {
    const file = join(sessions.scratch, 'story.prompt')
    writeFileSync(file, '---\nconfig:\n  temperature: 0.6\n  maxOutputTokens: 16\n  seed: 9\n---\nOnce upon a time\n')
    const steer = join(sessions.scratch, 'weaker.steer')
    writeFileSync(steer, readFileSync(join(DEMO, 'prompts/weaker.steer')))
    const edit = 'L2/5 += 9 @ generated'
    const trace = await sessions.trace([file, '--steer', steer, '--edit', edit, '--seed', '5'])
    expect(generatedText(trace)).not.toBe('')
    const session = await sessions.start({ program: file, steer, edits: [edit], seed: 5, stopOnEntry: true })
    await session.event('stopped')
    await finish(session)
    expect(session.completion()).toBe(generatedText(trace))
  })

  it('after a restart, in the same engine', async () => {
    const session = await sessions.start({ ...RUN, stopOnEntry: true })
    await session.event('stopped')
    await session.move('next', 1)
    const engine = await session.engineId()
    await session.request('restart', {})
    expect(await session.event('stopped')).toMatchObject({ reason: 'entry' })
    expect(await session.engineId()).toBe(engine)
    await finish(session)
    expect(session.completion()).toBe(generatedText(plain))
  })
})

describe('stops', () => {
  it('where a feature fires first, and shows it as trace does', async () => {
    const { name, position, activation } = firstFiring(plain)
    const session = await sessions.start(RUN, { functionBreakpoints: [{ name }] })
    expect(await session.event('stopped')).toMatchObject({ reason: 'function breakpoint', threadId: 1 })
    expect(await positionOf(session)).toBe(position)
    const variable = (await session.scope(1, 'Features')).find((each) => each.name === name)
    expect(Number(variable!.value.split(' ')[0]) / activation).toBeCloseTo(1, 2)
    const [next] = await session.scope(1, 'Next token')
    expect(JSON.parse(next!.name)).toBe(plain.tokens[position + 1]!.alternatives[0]!.text)
    expect(Number(next!.value.split(' ')[0])).toBeCloseTo(Math.exp(plain.tokens[position + 1]!.alternatives[0]!.logprob), 2)
    await session.request('setFunctionBreakpoints', { breakpoints: [] })
    await finish(session)
  })

  it('where a feature changes, at a place of the prompt file, where a condition holds, and where an exception filter says so', async () => {
    const program = join(DEMO, 'prompts/story.txt')
    const session = await sessions.start({ program, generate: 12, stopOnEntry: true }, { breakpoints: [{ source: { path: program }, breakpoints: [{ line: 1, column: 10 }] }] })
    await session.event('stopped')
    expect(await session.move('continue', 1)).toMatchObject({ reason: 'breakpoint' })
    const [frame] = await session.stack(1)
    expect(frame).toMatchObject({ line: 1, source: { path: program } })

    const features = await session.scope(1, 'Features')
    const { dataId } = await session.request<DebugProtocol.DataBreakpointInfoResponse['body']>('dataBreakpointInfo', { name: features[0]!.name, frameId: frame!.id })
    await session.request('setDataBreakpoints', { breakpoints: [{ dataId: dataId!, accessType: 'write' }] })
    expect(await session.move('continue', 1)).toMatchObject({ reason: 'data breakpoint' })
    await session.request('setDataBreakpoints', { breakpoints: [] })

    await session.request('setExceptionBreakpoints', { filters: [], filterOptions: [{ filterId: 'lowConfidence', condition: '0.999' }] })
    expect(await session.move('continue', 1)).toMatchObject({ reason: 'exception' })
    expect(await session.request('exceptionInfo', { threadId: 1 })).toMatchObject({ exceptionId: 'Low confidence' })
    await session.request('setExceptionBreakpoints', { filters: [] })

    const { name } = firstFiring(await sessions.trace([program, '--generate', '12', '--top', '64']))
    await session.request('setFunctionBreakpoints', { breakpoints: [{ name, condition: 'position > 1000' }] })
    await finish(session)
  })

  it('in layers', async () => {
    const session = await sessions.start({ ...RUN, stopOnEntry: true })
    await session.event('stopped')
    await session.move('next', 1)
    await session.move('stepIn', 1)
    expect((await session.stack(1)).length).toBe(2)
    await session.move('next', 1)
    expect((await session.stack(1)).length).toBe(3)
    await session.move('stepOut', 1)
    expect((await session.stack(1)).length).toBe(1)
    await finish(session)
  })
})

it('pauses on the last token that was generated', async () => {
  const session = await sessions.start({ ...RUN, generate: 900, temperature: 1.5, stopOnEntry: true })
  await session.event('stopped')
  await session.request('continue', { threadId: 1 })
  await session.untilGenerating()
  expect(await session.move('pause', 1)).toMatchObject({ reason: 'pause' })
  expect(await positionOf(session)).toBeGreaterThanOrEqual(plain.tokens.length - RUN.generate)
  await session.request('disconnect')
  expect((await session.ended).code).toBe(0)
})

describe('changes', () => {
  it('a feature suppressed in the past makes a branch, which is what trace makes with that edit; the parent goes on as it was', async () => {
    const session = await sessions.start({ ...RUN, stopAtEnd: true, stopOnEntry: true })
    await session.event('stopped')
    for (let step = 0; step < 6; step++) await session.move('next', 1)
    await session.move('stepBack', 1)
    const position = await positionOf(session)
    const [frame] = await session.stack(1)
    const { scopes } = await session.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: frame!.id })
    const scope = scopes.find(({ name }) => name === 'Features')!
    const [feature] = await session.variables(scope.variablesReference)
    await session.request('setVariable', { variablesReference: scope.variablesReference, name: feature!.name, value: 'suppress' })
    expect(await session.event('stopped')).toMatchObject({ threadId: 2 })
    const { threads } = await session.request<DebugProtocol.ThreadsResponse['body']>('threads')
    expect(threads.map(({ id }) => id)).toEqual([1, 2])

    const edited = await sessions.trace([...FLAGS, '--edit', `${feature!.name} = 0 @ ${position}-`])
    await session.move('continue', 2)
    await session.move('continue', 1)
    expect(await textOf(session, 2)).toBe(edited.tokens.map(({ text }) => text).join(''))
    expect(await textOf(session, 1)).toBe(plain.tokens.map(({ text }) => text).join(''))
    await session.request('disconnect')
    expect((await session.ended).code).toBe(0)
  })

  /** The run document of a branch. */
  async function textOf(session: RealSession, threadId: number): Promise<string> {
    const [frame] = await session.stack(threadId)
    return (await session.request<DebugProtocol.SourceResponse['body']>('source', { source: frame!.source, sourceReference: frame!.source!.sourceReference })).content
  }
})

describe('the end', () => {
  it.each([['while it stands', false], ['while it runs', true]])('of the engine %s ends the session with the reason', async (_, isRunning) => {
    const session = await sessions.start({ ...RUN, generate: isRunning ? 900 : 24, temperature: 1.5, stopOnEntry: true })
    await session.event('stopped')
    const engine = await session.engineId()
    if (isRunning) {
      await session.request('continue', { threadId: 1 })
      await session.untilGenerating()
    }
    process.kill(engine, 'SIGKILL')
    expect(await session.event('exited')).toEqual({ exitCode: 1 })
    await session.event('terminated')
    const errors = session.said.map(({ message }) => message as DebugProtocol.OutputEvent).filter(({ event, body }) => event === 'output' && body.category === 'stderr').map(({ body }) => body.output)
    expect(errors).toEqual([expect.stringMatching(/^the engine stopped \(the system ended it, .*\); close other programs .*\n$/)])
    await session.request('disconnect')
    expect(await session.ended).toEqual({ code: 0, stderr: '' })
  })

  it('of stdin ends everything, also in the middle of a run', async () => {
    const session = await sessions.start({ ...RUN, generate: 900, temperature: 1.5, stopOnEntry: true })
    await session.event('stopped')
    const engine = await session.engineId()
    await session.request('continue', { threadId: 1 })
    await session.untilGenerating()
    session.closeStdin()
    expect(await session.ended).toEqual({ code: 0, stderr: '' })
    await expect.poll(() => isAlive(engine), { timeout: 20_000 }).toBe(false)
  })

  it('of the process itself, however sudden, takes the engine along', async () => {
    const session = await sessions.start({ ...RUN, stopOnEntry: true })
    await session.event('stopped')
    const engine = await session.engineId()
    session.kill()
    await expect.poll(() => isAlive(engine), { timeout: 20_000 }).toBe(false)
  })

  it('of stdin while the model loads', async () => {
    const session = sessions.open()
    await session.request('initialize', { adapterID: 'promptscope' })
    void session.send('launch', RUN)
    session.closeStdin()
    expect((await session.ended).code).toBe(0)
  })
})

it('a launch that cannot be says why, and the next one can', async () => {
  const session = sessions.open()
  await session.request('initialize', { adapterID: 'promptscope' })
  await expect(session.request('launch', { program: join(sessions.scratch, 'nowhere.prompt') })).rejects.toThrow(/nowhere.prompt does not exist/)
  await expect(session.request('launch', { text: 'a', model: join(sessions.scratch, 'no-model') })).rejects.toThrow(/no-model/)
  await expect(session.request('launch', { text: 'a', edits: ['L99/1 = 0'] })).rejects.toThrow(/L99\/1 is beyond the model's 6 layers/)
  await expect(session.request('launch', { tokenIds: [99_999_999] })).rejects.toThrow(/token id 99999999/)
  await expect(session.request('launch', { text: 'a', layers: [99] })).rejects.toThrow(/layer 99/)
  await session.request('launch', { ...RUN, generate: 1 })
  await session.request('configurationDone')
  expect(await session.event('exited')).toEqual({ exitCode: 0 })
  await session.request('disconnect')
  expect((await session.ended).code).toBe(0)
})
