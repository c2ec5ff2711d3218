// A session over the fake program: what is said when, from start to end.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { expect, it } from 'vitest'
import { fakeProgram } from '../debuggee/fakeProgram'
import type { DebuggedEngine } from '../../../../server/debug/program'
import { InputError } from '../../../../server/protocol/errors'
import { connectAdapter, type DapClient } from './client'

it('runs a prompt to its end and says its text', async () => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  const launched = await client.start({ text: 'The cat' })
  expect(launched).toMatchObject({ success: true })
  await client.event('terminated')
  expect(client.hasEvent('exited')).toBe(true)
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})

it('stops on entry, steps, and shows all scopes', async () => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  expect(await client.event('stopped')).toMatchObject({ reason: 'entry', threadId: 1 })
  await client.move('next', 1)
  await client.move('stepIn', 1)
  expect((await client.stack(1)).map(({ name }) => name)).toEqual(['layer 0', '" cat" · token 1'])
  for (const name of ['Features', 'Pinned', 'Next token', 'Logit lens', 'Residual', 'Edits', 'Sampler']) expect(await client.scope(1, name)).toBeInstanceOf(Array)
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})

it('answers for a frame of the stop before with where the branch stands now', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  await client.event('stopped')
  const [before] = await client.stack(1)
  await client.move('next', 1)
  expect(await client.request('evaluate', { expression: 'position', frameId: before!.id })).toMatchObject({ result: '1' })
  const { scopes } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: before!.id })
  const [now] = await client.stack(1)
  // While it runs there is nothing to show, and no error to show it with.
  const going = client.send('next', { threadId: 1 })
  expect(await client.request('scopes', { frameId: now!.id })).toEqual({ scopes: [] })
  expect(await client.request('variables', { variablesReference: scopes[0]!.variablesReference })).toEqual({ variables: [] })
  expect(await going).toMatchObject({ success: true })
  await client.request('disconnect')
  await closed
})

it('gives the same numbers for the same stop', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  await client.event('stopped')
  const [now] = await client.stack(1)
  const { scopes } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: now!.id })
  expect(await client.stack(1)).toEqual([now])
  expect((await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: now!.id })).scopes).toEqual(scopes)
  await client.request('disconnect')
  await closed
})

it('stays while another branch has something left, and ends with the last one', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat' }, { functionBreakpoints: [{ name: 'position == 10' }] })
  await client.event('stopped')
  await client.move('stepBack', 1)
  await forceSecond(client, 1)
  expect(await client.event('stopped')).toMatchObject({ threadId: 2 })
  await client.request('setFunctionBreakpoints', { breakpoints: [] })
  expect(await client.move('continue', 2)).toMatchObject({ threadId: 2, description: 'At the end' })
  expect(client.hasEvent('terminated')).toBe(false)
  await client.request('continue', { threadId: 1 })
  await client.event('terminated')
  await client.request('disconnect')
  await closed
})

it('runs two branches at once, each with its own text', async () => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat', stopAtEnd: true }, { functionBreakpoints: [{ name: 'position == 10' }] })
  await client.event('stopped')
  await client.move('stepBack', 1)
  await forceSecond(client, 1)
  await client.event('stopped')
  await client.request('setFunctionBreakpoints', { breakpoints: [] })
  await Promise.all([client.request('continue', { threadId: 1 }), client.request('continue', { threadId: 2 })])
  const stops = [await client.event<{ threadId: number }>('stopped'), await client.event<{ threadId: number }>('stopped')]
  expect(stops.map(({ threadId }) => threadId).sort()).toEqual([1, 2])
  const [first, second] = [await client.stack(1), await client.stack(2)]
  expect([first[0]!.source!.path, second[0]!.source!.path]).toEqual(['promptscope-run:/run-1', 'promptscope-run:/run-2'])
  const texts = await Promise.all([first, second].map(([frame]) => client.request<{ content: string }>('source', { source: frame!.source })))
  expect(texts[0]!.content).not.toBe(texts[1]!.content)
  // A place in the other branch's text is none of this one's, where they part.
  const { targets } = await client.request<DebugProtocol.GotoTargetsResponse['body']>('gotoTargets', { source: second[0]!.source, line: second[0]!.line, column: second[0]!.column })
  expect(await client.send('goto', { threadId: 1, targetId: targets[0]!.id })).toMatchObject({ success: false })
  expect(await client.move('goto', 2, { targetId: targets[0]!.id })).toMatchObject({ reason: 'goto', threadId: 2 })
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})

it('stands still where the engine fails, and says why', async () => {
  const program = fakeProgram()
  let fails = false
  const engine: DebuggedEngine = { ...program.engine, generate: (...call) => (fails ? Promise.reject(new InputError('engine is out of memory', 'choose fewer tokens')) : program.engine.generate(...call)) }
  const { client, closed } = connectAdapter({ open: () => Promise.resolve({ ...program, engine }) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  await client.event('stopped')
  fails = true
  expect(await client.move('continue', 1)).toMatchObject({ reason: 'exception', text: 'engine is out of memory; choose fewer tokens' })
  expect(await client.request('exceptionInfo', { threadId: 1 })).toMatchObject({ exceptionId: 'failure', description: 'engine is out of memory; choose fewer tokens' })
  fails = false
  await client.request('continue', { threadId: 1 })
  await client.event('terminated')
  await client.request('disconnect')
  await closed
})

it('ends when one goes on from the end', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat', stopAtEnd: true })
  await client.event('stopped')
  await client.request('continue', { threadId: 1 })
  await client.event('terminated')
  await client.request('disconnect')
  await closed
})

it('takes a model that was lost while it was opened', async () => {
  const program = fakeProgram()
  program.lose(new InputError('another model was loaded', 'start the session again'))
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(program) })
  await client.start({ text: 'The cat' })
  expect(await client.event('output')).toEqual({ category: 'stderr', output: 'another model was loaded; start the session again\n' })
  expect(await client.event('exited')).toEqual({ exitCode: 1 })
  await client.request('disconnect')
  await closed
})

it('is over when it cannot be restarted', async () => {
  let opens = 0
  const { client, closed } = connectAdapter({ open: () => (opens++ === 0 ? Promise.resolve(fakeProgram()) : Promise.reject(new InputError('model is gone', 'choose another one'))) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  await client.event('stopped')
  expect(await client.send('restart')).toMatchObject({ success: false, message: 'model is gone; choose another one' })
  await client.event('terminated')
  await client.request('disconnect')
  await closed
})

it('tells of sources that come after the client has asked', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve({ ...fakeProgram(), files: () => Promise.resolve([{ part: 'model' as const, path: '/models/fake/model.safetensors', bytes: 7, identity: 'abc' }]) }) })
  await client.request('initialize', { adapterID: 'promptscope' })
  expect(await client.request('loadedSources')).toEqual({ sources: [] })
  await client.request('launch', { text: 'The cat', stopOnEntry: true })
  await client.request('configurationDone')
  const told = [await client.event<{ source: DebugProtocol.Source }>('loadedSource'), await client.event<{ source: DebugProtocol.Source }>('loadedSource'), await client.event<{ source: DebugProtocol.Source }>('loadedSource')]
  expect(told.map(({ source }) => source.name)).toEqual(['fake.prompt', 'fake.prompt run', 'model: model.safetensors'])
  expect(await client.request('source', { source: told[2]!.source, sourceReference: told[2]!.source.sourceReference })).toMatchObject({ content: expect.stringContaining('identity abc') as string })
  await client.request('disconnect')
  await closed
})

it('counts from 0 and writes file addresses when the client does', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  const source = { path: 'file:///prompts/fake.prompt' }
  await client.start({ program: '/prompts/fake.prompt' }, { initialize: { linesStartAt1: false, columnsStartAt1: false, pathFormat: 'uri' }, breakpoints: [{ source, breakpoints: [{ line: 0, column: 8 }] }] })
  await client.event('stopped')
  expect(await client.stack(1)).toMatchObject([{ name: '" sat" · token 2', source, line: 0, column: 7, endLine: 0, endColumn: 11 }])
  await client.request('disconnect')
  await closed
})

it('tells once which edits never fired', async () => {
  const idle = { feature: { layer: 0, feature: 1 }, operation: { kind: 'set' as const, value: 3 }, positions: { kind: 'ranges' as const, ranges: [[400, 401]] as const } }
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram({ settings: { edits: [idle] } })) })
  await client.start({ text: 'The cat' })
  await client.event('terminated')
  expect(client.said.filter(({ message }) => JSON.stringify(message).includes('never fired'))).toHaveLength(1)
  await client.request('disconnect')
  await closed
})

it('sets a feature that fires nowhere near, by its name, and refuses one that is not there', async () => {
  const { client, closed } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ text: 'The cat', stopOnEntry: true })
  await client.event('stopped')
  const [frame] = await client.stack(1)
  const { scopes: [features] } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: frame!.id })
  const variablesReference = features!.variablesReference
  const shown = (await client.variables(variablesReference)).map(({ name }) => name)
  const silent = Array.from({ length: 16 }, (_, index) => `L1/${index}`).find((name) => !shown.includes(name))!
  expect(await client.request('setVariable', { variablesReference, name: silent, value: '3' })).toMatchObject({ value: expect.stringContaining('0, edited = 3') as string })
  expect(await client.scope(1, 'Edits')).toMatchObject([{ name: silent }])
  for (const name of ['L1/16', 'L99/1', 'label']) expect(await client.send('setVariable', { variablesReference, name, value: '3' })).toMatchObject({ success: false, message: expect.stringContaining('is not there') as string })
  await client.request('disconnect')
  await closed
})

/** Makes another branch. */
async function forceSecond(client: DapClient, threadId: number): Promise<void> {
  const [frame] = await client.stack(threadId)
  const [, second] = await client.scope(threadId, 'Next token')
  await client.request('setExpression', { frameId: frame!.id, expression: second!.name, value: '1' })
}
