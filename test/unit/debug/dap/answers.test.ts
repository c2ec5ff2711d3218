// Every request is answered exactly once, whatever is asked, and no event comes before the answer it follows from.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { expect, it } from 'vitest'
import type { DebuggedEngine } from '../../../../server/debug/program'
import { CancelledError } from '../../../../server/protocol/errors'
import { fakeProgram } from '../debuggee/fakeProgram'
import { connectAdapter, type DapClient, type Said } from './client'

const COMMANDS = [
  'launch', 'configurationDone', 'threads', 'stackTrace', 'scopes', 'variables', 'setVariable', 'setExpression', 'evaluate', 'completions', 'continue', 'pause', 'next', 'stepIn', 'stepInTargets', 'stepOut',
  'stepBack', 'reverseContinue', 'restartFrame', 'goto', 'gotoTargets', 'setBreakpoints', 'setFunctionBreakpoints', 'setDataBreakpoints', 'dataBreakpointInfo', 'setExceptionBreakpoints', 'breakpointLocations',
  'exceptionInfo', 'modules', 'loadedSources', 'source', 'readMemory', 'cancel', 'promptscope/branches', 'promptscope/nameBranch', 'promptscope/lineValues', 'promptscope/tokenAt', 'initialize', 'fly', '', 'toString', '__proto__',
]

it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))('answers random requests exactly once (%i)', async (seed) => {
  const random = randomNumbers(seed)
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram({ settings: { generate: 12 } })) })
  await client.start({ program: '/prompts/fake.prompt', stopOnEntry: true, stopAtEnd: true }, { initialize: { supportsInvalidatedEvent: true, supportsMemoryEvent: true } })
  await client.event('stopped')
  for (let round = 0; round < 60; round++) {
    if (round % 5 === 0) await lookAround(client, 1 + Number(random(4) === 0))
    // Several at once, so that requests meet threads that run.
    const burst = Array.from({ length: 1 + random(4) }, () => client.send(COMMANDS[random(COMMANDS.length)]!, randomArguments(random, client.said)))
    await Promise.all(burst)
    if (round % 20 === 19) await client.send('restart', {})
  }
  await client.send('terminate')
  await Promise.all([client.send('evaluate', { expression: 'prob' }), client.send('threads'), client.send('next', { threadId: 1 })])
  await client.send('disconnect')
  await closed
  expect(log).toEqual([])
  expectAnsweredOnce(client.said)
  const done = client.said.filter(({ message }) => message.type === 'response' && (message as DebugProtocol.Response).success)
  // Random, but not so random that everything is refused.
  expect(done.length).toBeGreaterThan(60)
})

it('answers requests that wait when the client leaves', async () => {
  const { client, closed } = connectAdapter({
    open: (_launch, _onProgress, signal) => untilAborted(signal),
  })
  await client.request('initialize', { adapterID: 'promptscope' })
  const launched = client.send('launch', { text: 'The cat' })
  expect(await client.send('disconnect')).toMatchObject({ success: true })
  expect(await launched).toMatchObject({ success: false, message: 'cancelled' })
  await closed
  expectAnsweredOnce(client.said)
})

it('cancels a request by its number', async () => {
  const { client, closed } = connectAdapter({
    open: (_launch, _onProgress, signal) => untilAborted(signal),
  })
  await client.request('initialize', { adapterID: 'promptscope' })
  const launched = client.send('launch', { text: 'The cat' })
  await client.request('cancel', { requestId: 2 })
  expect(await launched).toMatchObject({ success: false, message: 'cancelled' })
  // A number that nobody waits for is no error.
  await client.request('cancel', { requestId: 2000 })
  await client.request('disconnect')
  await closed
})

it('tells a defect from bad input, and goes on', async () => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.reject(new TypeError('x is undefined')) })
  await client.request('initialize', { adapterID: 'promptscope' })
  expect(await client.send('launch', { text: 'The cat' })).toMatchObject({ success: false, message: 'launch failed by a defect of Promptscope; see its log' })
  expect(log).toHaveLength(1)
  expect(log[0]).toContain('x is undefined')
  expect(await client.send('launch', {})).toMatchObject({ success: false, message: 'launch has no prompt; set program to a prompt file, or text, or tokenIds' })
  await client.request('disconnect')
  await closed
})

it.each([
  ['not json', 'Content-Length: 8\r\n\r\nnot json'],
  ['a number', 'Content-Length: 2\r\n\r\n17'],
  ['a response', 'Content-Length: 38\r\n\r\n{"type":"response","request_seq":9999}'],
  ['no header', 'hello\r\n\r\n'],
])('survives %s', async (_what, bytes) => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  client.sendBytes(bytes)
  await client.request('initialize', { adapterID: 'promptscope' })
  expect(log).toHaveLength(1)
  await client.request('disconnect')
  await closed
})

it('ends and closes the program when the streams end, also in the middle of a run', async () => {
  let closes = 0
  const program = fakeProgram()
  const engine: DebuggedEngine = { ...program.engine, generate: (request, onEvent, signal) => (request.generate === 0 ? program.engine.generate(request, onEvent, signal) : untilAborted(signal)) }
  const { client, closed, hangUp } = connectAdapter({ open: () => Promise.resolve({ ...program, engine, close: () => Promise.resolve(void closes++) }) })
  await client.start({ text: 'The cat' })
  await client.event('thread')
  hangUp()
  await closed
  expect(closes).toBe(1)
  expect(program.records.map(({ rests }) => rests.at(-1))).toEqual(['cancelled'])
})

it.each(['pause', 'terminate'])('takes %s while tokens are generated', async (command) => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram({ settings: { generate: 400 } })) })
  await client.start({ text: 'The cat' })
  await client.event('output')
  await client.request(command, { threadId: 1 })
  if (command === 'pause') expect(await client.event('stopped')).toMatchObject({ reason: 'pause', threadId: 1 })
  else await client.event('terminated')
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})

it('refuses to look at a thread that runs, as clients expect it', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram({ settings: { generate: 400 } })) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  await client.event('stopped')
  const [frame] = await client.stack(1)
  const going = client.send('continue', { threadId: 1 })
  const [stack, scopes, again] = await Promise.all([client.send('stackTrace', { threadId: 1 }), client.send('scopes', { frameId: frame!.id }), client.send('next', { threadId: 1 })])
  expect(await going).toMatchObject({ success: true })
  expect(stack).toMatchObject({ success: false, message: 'notStopped' })
  expect(again).toMatchObject({ success: false, message: 'notStopped' })
  expect(scopes).toMatchObject({ success: true, body: { scopes: [] } })
  await client.request('disconnect')
  await closed
  expectAnsweredOnce(client.said)
})

it('takes breakpoints and configurationDone before the launch, too', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.request('initialize', { adapterID: 'promptscope' })
  await client.event('initialized')
  await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'position == 3' }] })
  await client.request('configurationDone')
  await client.request('launch', { text: 'The cat sat on' })
  expect(await client.event('stopped')).toMatchObject({ reason: 'function breakpoint', hitBreakpointIds: [1] })
  await client.request('disconnect')
  await closed
})

it('takes empty lists and objects as clients in Lua write them', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.request('initialize', { adapterID: 'promptscope' })
  expect(await client.request('setBreakpoints', { source: { path: '/prompts/fake.prompt' }, breakpoints: {} })).toEqual({ breakpoints: [] })
  expect(await client.request('setExceptionBreakpoints', { filters: {} })).toEqual({ breakpoints: [] })
  await client.request('configurationDone', [])
  await client.request('disconnect', [])
  await closed
})

it('runs through without stopping when it is not to debug', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat sat on', noDebug: true, stopOnEntry: true, stopAtEnd: true }, { functionBreakpoints: [{ name: 'position == 3' }] })
  await client.event('terminated')
  expect(client.hasEvent('stopped')).toBe(false)
  await client.request('disconnect')
  await closed
})

/** Also that sequence numbers count, and that `stopped` comes behind the answer to the request that moved. */
function expectAnsweredOnce(said: readonly Said[]): void {
  const requests = said.filter(({ from }) => from === 'client').map(({ message }) => message as DebugProtocol.Request)
  const responses = said.filter(({ message }) => message.type === 'response').map(({ message }) => message as DebugProtocol.Response)
  expect(responses.map(({ request_seq }) => request_seq).sort((a, b) => a - b)).toEqual(requests.map(({ seq }) => seq))
  for (const response of responses) expect(response.command).toBe(requests.find(({ seq }) => seq === response.request_seq)!.command)
  expect(said.filter(({ from }) => from === 'adapter').map(({ message }) => message.seq)).toEqual(said.filter(({ from }) => from === 'adapter').map((_, index) => index + 1))
  let movesAnswered = 0
  for (const { message } of said) {
    if (message.type === 'response' && (message as DebugProtocol.Response).success && MOVES.includes((message as DebugProtocol.Response).command)) movesAnswered++
    if (message.type === 'event' && (message as DebugProtocol.Event).event === 'stopped') expect(movesAnswered--).toBeGreaterThan(0)
  }
}

/** Gets numbers to ask with, when the thread stands still. */
async function lookAround(client: DapClient, threadId: number): Promise<void> {
  const stack = await client.send('stackTrace', { threadId })
  const frames = stack.success ? (stack as DebugProtocol.StackTraceResponse).body.stackFrames : []
  for (const { id } of frames.slice(0, 1)) {
    const scopes = await client.send('scopes', { frameId: id })
    if (scopes.success) for (const { variablesReference } of (scopes as DebugProtocol.ScopesResponse).body.scopes) await client.send('variables', { variablesReference })
  }
}

/** Rejects as everything does that is cancelled. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new CancelledError()), { once: true }))
}

const MOVES = ['launch', 'configurationDone', 'restart', 'continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'restartFrame', 'goto', 'setVariable', 'setExpression']

type Random = (below: number) => number

function randomNumbers(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
}

/** Of the right shape, mostly: with numbers that the adapter has given out, or not. */
function randomArguments(random: Random, said: readonly Said[]): unknown {
  if (random(10) === 0) return [undefined, null, 7, 'x', [], {}][random(6)]
  const given = JSON.stringify(said.slice(-30).map(({ message }) => message)).match(/"(?:id|variablesReference)":\d+/g) ?? []
  const number = (): unknown => (given.length > 0 && random(4) > 0 ? Number(given[random(given.length)]!.split(':')[1]) : [1, 2, 0, -1, 99, 1.5, '1', null][random(8)])
  const text = (): unknown => ['prob', 'L1/3', 'L9/3', 'top(1)', '" cat"', 'temperature', '> 1', '0.5', '', 'suppress', '/prompts/fake.prompt', 'resid/1/2/0', 'resid/9/9/9', 'lens(1)', '3', null, 7, 'loop', 'lowConfidence', 'nonFinite'][random(20)]
  const source = (): unknown => [{ path: '/prompts/fake.prompt' }, { path: 'promptscope-run:/run-1' }, { sourceReference: 1001 }, {}, { path: 7 }, null][random(6)]
  const breakpoint = (): object => ({ line: number(), column: random(2) ? number() : undefined, name: text(), dataId: text(), condition: random(2) ? text() : undefined, hitCondition: random(4) ? undefined : text(), logMessage: random(4) ? undefined : text() })
  const all: Readonly<Record<string, () => unknown>> = {
    threadId: () => (random(8) ? 1 + Number(random(4) === 0) : number()), frameId: number, variablesReference: number, targetId: number, start: number, count: number, levels: number, startFrame: number, name: text, value: text, expression: text, context: text,
    text, column: number, line: number, endLine: number, source, breakpoints: () => [breakpoint(), breakpoint()].slice(random(3)), filters: () => [text()], filterOptions: () => (random(2) ? [] : [{ filterId: text(), condition: text() }]), sourceReference: number, memoryReference: text,
    offset: number, path: text, startLine: number, requestId: number, program: text, dataId: text, filter: () => ['indexed', 'named', undefined, 7][random(4)],
  }
  return Object.fromEntries(Object.entries(all).filter(() => random(30) > 0).map(([key, value]) => [key, value()]))
}
