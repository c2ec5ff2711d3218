// Every capability that is declared is real: each is driven once. One that is declared and not driven here fails.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { expect, it } from 'vitest'
import { CAPABILITIES } from '../../../../server/debug/dap/capabilities'
import type { Edit } from '../../../../server/protocol/values'
import { fakeProgram } from '../debuggee/fakeProgram'
import { connectAdapter, type DapClient } from './client'

const SOURCE = { path: '/prompts/fake.prompt' }

/** Each gets a client whose thread 1 stands on the first token of seven. */
const DRIVES: Readonly<Partial<Record<keyof DebugProtocol.Capabilities, (client: DapClient) => Promise<void>>>> = {
  supportsConfigurationDoneRequest: async (client) => {
    expect(await client.send('configurationDone')).toMatchObject({ success: true })
  },
  supportsFunctionBreakpoints: async (client) => {
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'position == 4' }] })
    expect(await client.move('continue', 1)).toMatchObject({ reason: 'function breakpoint' })
    expect(await position(client)).toBe(4)
  },
  supportsConditionalBreakpoints: async (client) => {
    await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: 1, column: 9, condition: 'position == 3' }, { line: 1, column: 13, condition: 'text == " on"' }] })
    await client.move('continue', 1)
    expect(await position(client)).toBe(3)
  },
  supportsHitConditionalBreakpoints: async (client) => {
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'position > 0', hitCondition: '5' }] })
    await client.move('continue', 1)
    expect(await position(client)).toBe(5)
  },
  supportsLogPoints: async (client) => {
    await client.request('setBreakpoints', { source: SOURCE, breakpoints: [{ line: 1, column: 9, logMessage: 'here is {text}' }] })
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'position == 5' }] })
    await client.move('continue', 1)
    expect(await client.event('output')).toEqual({ category: 'console', output: 'here is  sat\n', source: { name: 'fake.prompt', path: SOURCE.path }, line: 1, column: 8 })
  },
  supportsDataBreakpoints: async (client) => {
    const [feature] = await client.scope(1, 'Features')
    const { dataId } = await client.request<{ dataId: string }>('dataBreakpointInfo', { variablesReference: 2, name: feature!.name })
    await client.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] })
    expect(await client.move('continue', 1)).toMatchObject({ reason: 'data breakpoint' })
    // It fires on the first token, so that it is another value on the second.
    expect(await position(client)).toBe(1)
  },
  supportsBreakpointLocationsRequest: async (client) => {
    const { breakpoints } = await client.request<{ breakpoints: unknown[] }>('breakpointLocations', { source: SOURCE, line: 1 })
    expect(breakpoints.slice(0, 3)).toEqual([{ line: 1, column: 1 }, { line: 1, column: 4 }, { line: 1, column: 8 }])
  },
  supportsExceptionFilterOptions: async (client) => {
    await client.request('setExceptionBreakpoints', { filters: [], filterOptions: [{ filterId: 'lowConfidence', condition: '0.9' }] })
    expect(await client.move('continue', 1)).toMatchObject({ reason: 'exception' })
  },
  supportsExceptionInfoRequest: async (client) => {
    await client.request('setExceptionBreakpoints', { filters: [], filterOptions: [{ filterId: 'lowConfidence', condition: '0.9' }] })
    await client.move('continue', 1)
    expect(await client.request('exceptionInfo', { threadId: 1 })).toMatchObject({ exceptionId: 'Low confidence', breakMode: 'always' })
  },
  exceptionBreakpointFilters: async (client) => {
    const filters = CAPABILITIES.exceptionBreakpointFilters!
    expect(filters.map(({ filter }) => filter).sort()).toEqual(['answerStart', 'languageSwitch', 'loop', 'lowConfidence', 'nonFinite', 'refusal'])
    const { breakpoints } = await client.request<{ breakpoints: { verified: boolean }[] }>('setExceptionBreakpoints', { filters: filters.map(({ filter }) => filter) })
    expect(breakpoints.map(({ verified }) => verified)).toEqual(filters.map(() => true))
  },
  supportsStepBack: async (client) => {
    await client.move('next', 1)
    await client.move('next', 1)
    await client.move('stepBack', 1)
    expect(await position(client)).toBe(1)
    await client.move('reverseContinue', 1)
    expect(await position(client)).toBe(0)
  },
  supportsStepInTargetsRequest: async (client) => {
    const [frame] = await client.stack(1)
    const { targets } = await client.request<{ targets: { id: number; label: string }[] }>('stepInTargets', { frameId: frame!.id })
    await client.move('stepIn', 1, { targetId: targets.find(({ label }) => label === 'layer 1')!.id })
    expect((await client.stack(1)).map(({ name }) => name)).toEqual(['layer 1', 'layer 0', '"The" · token 0'])
  },
  supportsGotoTargetsRequest: async (client) => {
    const { targets } = await client.request<{ targets: { id: number }[] }>('gotoTargets', { source: SOURCE, line: 1, column: 10 })
    expect(targets).toHaveLength(1)
    expect(await client.move('goto', 1, { targetId: targets[0]!.id })).toMatchObject({ reason: 'goto' })
    expect(await position(client)).toBe(2)
  },
  supportsRestartFrame: async (client) => {
    const [frame] = await client.stack(1)
    await client.request('restartFrame', { frameId: frame!.id })
    expect(await client.event('stopped')).toMatchObject({ reason: 'restart' })
  },
  supportsSingleThreadExecutionRequests: async (client) => {
    expect(await client.request('continue', { threadId: 1, singleThread: true })).toEqual({ allThreadsContinued: false })
  },
  supportsDelayedStackTraceLoading: async (client) => {
    await client.move('stepIn', 1)
    const whole = await client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId: 1 })
    const first = await client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId: 1, startFrame: 0, levels: 1 })
    const rest = await client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId: 1, startFrame: 1, levels: 20 })
    expect([first.totalFrames, rest.totalFrames]).toEqual([2, 2])
    expect([...first.stackFrames, ...rest.stackFrames]).toEqual(whole.stackFrames)
  },
  supportsSetVariable: async (client) => {
    const reference = await scope(client, 'Sampler')
    expect(await client.request('setVariable', { variablesReference: reference, name: 'temperature', value: '0.5' })).toMatchObject({ value: '0.5' })
    expect(await client.variables(reference)).toMatchObject([{ name: 'temperature', value: '0.5' }, { name: 'topP' }, { name: 'topK' }, { name: 'seed' }, { name: 'generate' }])
  },
  supportsSetExpression: async (client) => {
    expect(await client.request('setExpression', { expression: 'act(L1/3)', value: 'suppress' })).toMatchObject({ value: expect.stringContaining(', edited = 0') as string })
    expect(await client.scope(1, 'Edits')).toMatchObject([{ name: 'L1/3' }])
  },
  supportsEvaluateForHovers: async (client) => {
    expect(await client.request('evaluate', { expression: 'text', context: 'hover' })).toMatchObject({ result: '"The"' })
  },
  supportsClipboardContext: async (client) => {
    const shown = await client.request<{ result: string }>('evaluate', { expression: 'next', context: 'watch' })
    const copied = await client.request<{ result: string }>('evaluate', { expression: 'next', context: 'clipboard' })
    expect(copied.result.split('\n')).toHaveLength(20)
    expect(shown.result).not.toContain('\n')
  },
  supportsCompletionsRequest: async (client) => {
    const { targets } = await client.request<DebugProtocol.CompletionsResponse['body']>('completions', { text: 'prob > 0 and ran', column: 17 })
    expect(targets).toMatchObject([{ label: 'rank', start: 14, length: 3 }])
  },
  completionTriggerCharacters: async (client) => {
    for (const [text, label] of [['L', /^L\d/], ['top(', /^0$/], ['token(0).', /^text$/], ['prob ', /^and$/]] as const) {
      expect(CAPABILITIES.completionTriggerCharacters).toContain(text.at(-1))
      const { targets } = await client.request<DebugProtocol.CompletionsResponse['body']>('completions', { text, column: text.length + 1 })
      expect(targets.map((target) => target.label), text).toContainEqual(expect.stringMatching(label))
    }
  },
  supportsReadMemoryRequest: async (client) => {
    const [layer] = await client.scope(1, 'Residual')
    const { data } = await client.request<{ data: string }>('readMemory', { memoryReference: layer!.memoryReference, count: 16 })
    expect(Buffer.from(data, 'base64')).toHaveLength(16)
  },
  supportsModulesRequest: async (client) => {
    expect(await client.request('modules', { startModule: 1, moduleCount: 1 })).toMatchObject({ modules: [{ id: 'sae' }], totalModules: 2 })
  },
  additionalModuleColumns: async (client) => {
    const { modules } = await client.request<{ modules: object[] }>('modules')
    for (const { attributeName } of CAPABILITIES.additionalModuleColumns!) expect(modules[0]).toHaveProperty(attributeName)
  },
  supportsLoadedSourcesRequest: async (client) => {
    expect(await client.request('loadedSources')).toMatchObject({ sources: [{ path: SOURCE.path }, { path: 'promptscope-run:/run-1' }] })
  },
  supportsRestartRequest: async (client) => {
    await client.move('next', 1)
    await client.request('restart', {})
    expect(await client.event('stopped')).toMatchObject({ reason: 'entry' })
    expect(await position(client)).toBe(0)
  },
  supportsTerminateRequest: async (client) => {
    await client.request('terminate')
    expect(await client.event('exited')).toEqual({ exitCode: 0 })
    await client.event('terminated')
  },
  supportsCancelRequest: async (client) => {
    expect(await client.send('cancel', { requestId: 1 })).toMatchObject({ success: true })
  },
}

it('declares nothing that is not driven here, and drives nothing that is not declared', () => {
  expect(Object.keys(CAPABILITIES).sort()).toEqual(Object.keys(DRIVES).sort())
})

it.each(Object.entries(DRIVES))('%s', async (_name, drive) => {
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram()) })
  await client.start({ program: SOURCE.path, stopOnEntry: true })
  await client.event('stopped')
  await drive(client)
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})

it('stops where the engine meets values that are no numbers', async () => {
  const tooStrong: Edit = { feature: { layer: 1, feature: 3 }, operation: { kind: 'set', value: 1e30 }, positions: { kind: 'ranges', ranges: [[9, 9]] } }
  const { client, closed, log } = connectAdapter({ open: () => Promise.resolve(fakeProgram({ settings: { edits: [tooStrong] } })) })
  await client.start({ program: SOURCE.path }, { exceptionFilters: ['nonFinite'] })
  expect(await client.event('stopped')).toMatchObject({ reason: 'exception', description: 'Paused on Non-finite values' })
  expect(await position(client)).toBe(8)
  expect(await client.request('exceptionInfo', { threadId: 1 })).toMatchObject({ details: { typeName: 'nonFinite' } })
  await client.request('disconnect')
  await closed
  expect(log).toEqual([])
})

async function position(client: DapClient): Promise<number> {
  const frames = await client.stack(1)
  return Number(/token (\d+)$/.exec(frames.at(-1)!.name)![1])
}

async function scope(client: DapClient, name: string): Promise<number> {
  const [frame] = await client.stack(1)
  const { scopes } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: frame!.id })
  return scopes.find((each) => each.name === name)!.variablesReference
}
