// Conversations with the debug adapter over the fake program, each compared with its transcript.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { expect, it, onTestFailed } from 'vitest'
import { CancelledError, InputError } from '../../../../server/protocol/errors'
import type { ProgramOpener } from '../../../../server/debug/program'
import { fakeProgram, type FakeProgramOptions } from '../debuggee/fakeProgram'
import { connectAdapter, type DapClient } from './client'
import { expectTranscript, transcriptOf } from './transcript'

const PROMPT = { path: '/prompts/fake.prompt' }
const TWO_LINES = { text: 'The cat sat\n\non the mat.' }

it('runs to the end', async () => {
  await talk('runs-to-the-end', {}, async (client) => {
    await client.start({ program: PROMPT.path })
    await client.event('terminated')
  })
})

it('steps through tokens and layers, and back', async () => {
  await talk('steps-through-tokens-and-layers', {}, async (client) => {
    await client.start({ program: PROMPT.path, stopOnEntry: true })
    await client.event('stopped')
    for (const command of ['next', 'stepIn', 'stepIn', 'next', 'next', 'stepBack', 'stepIn', 'stepBack', 'stepIn', 'stepOut', 'stepOut', 'reverseContinue']) {
      await client.move(command, 1)
      await client.stack(1)
    }
    const [frame] = await client.stack(1)
    const { targets } = await client.request<DebugProtocol.StepInTargetsResponse['body']>('stepInTargets', { frameId: frame!.id })
    await client.move('stepIn', 1, { targetId: targets[2]!.id })
    await client.stack(1)
  })
})

it('stops at lines, in the prompt file and in the run document', async () => {
  const program = { ...TWO_LINES, settings: { generate: 60, sampling: { temperature: 1, topP: 1, topK: 0, seed: 3 } } }
  await talk('stops-at-lines', program, async (client) => {
    const run = { path: 'promptscope-run:/run-1' }
    await client.start({ program: PROMPT.path, stopAtEnd: true }, {
      breakpoints: [{ source: PROMPT, breakpoints: [{ line: 1 }, { line: 1, column: 6 }, { line: 2 }, { line: 9 }] }, { source: run, breakpoints: [{ line: 4 }] }, { source: { path: '/prompts/other.prompt' }, breakpoints: [{ line: 1 }] }],
    })
    for (let stops = 0; stops < 4; stops++) {
      await client.event('stopped')
      await client.stack(1)
      await client.request('continue', { threadId: 1 })
    }
    await client.event('stopped')
    await client.request('breakpointLocations', { source: PROMPT, line: 1, endLine: 3 })
  })
})

it('stops at features, by name, by data, by condition and by count, and logs', async () => {
  await talk('stops-at-features', {}, async (client) => {
    await client.start({ program: PROMPT.path, stopOnEntry: true })
    await client.event('stopped')
    await client.request('setFunctionBreakpoints', { breakpoints: [{ name: 'L1/3 > 2' }, { name: 'L0/4', hitCondition: '2' }, { name: 'L9/4' }, { name: 'bananas' }] })
    const features = await client.scope(1, 'Features')
    await client.request('dataBreakpointInfo', { variablesReference: 1, name: features[0]!.name })
    await client.request('dataBreakpointInfo', { name: 'temperature' })
    await client.request('setDataBreakpoints', { breakpoints: [{ dataId: 'L2/5', accessType: 'read' }, { dataId: 'L2/7', accessType: 'write', condition: '> 8' }, { dataId: 'x' }] })
    await client.request('setBreakpoints', { source: PROMPT, breakpoints: [{ line: 1, column: 13, logMessage: 'at {position}: {text} {L1/3}' }, { line: 1, column: 9, condition: 'position > 100' }, { line: 1, condition: 'bananas' }] })
    for (let stops = 0; stops < 6; stops++) {
      await client.move('continue', 1)
      await client.stack(1)
    }
  })
})

it('stops on what exception filters find', async () => {
  await talk('stops-on-exceptions', { settings: { generate: 40 } }, async (client) => {
    await client.start({ program: PROMPT.path, stopOnEntry: true })
    await client.event('stopped')
    await client.request('setExceptionBreakpoints', { filters: ['loop', 'bananas'], filterOptions: [{ filterId: 'lowConfidence', condition: '0.12' }, { filterId: 'lowConfidence', condition: 'rather low' }] })
    await client.move('continue', 1)
    await client.request('exceptionInfo', { threadId: 1 })
    await client.move('next', 1)
    await client.send('exceptionInfo', { threadId: 1 })
  })
})

it('shows variables, and changes them from here on', async () => {
  await talk('changes-variables', { pins: [{ layer: 1, feature: 3 }] }, async (client) => {
    await client.start({ program: PROMPT.path, stopAtEnd: true }, { initialize: { supportsInvalidatedEvent: true } })
    await client.event('stopped')
    await client.scope(1, 'Pinned')
    const [frame] = await client.stack(1)
    const { scopes } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: frame!.id })
    const [features, , next, , residual, edits, sampler] = scopes.map(({ variablesReference }) => variablesReference)
    const [first] = await client.variables(features!)
    await client.variables(first!.variablesReference)
    await client.request('variables', { variablesReference: features!, start: 1, count: 2 })
    // At the last token the branch itself is changed.
    await client.request('setVariable', { variablesReference: features!, name: first!.name, value: 'suppress' })
    await client.send('variables', { variablesReference: features! })
    const [again] = await client.scope(1, 'Edits')
    expect(again!.name).toBe(first!.name)
    await client.send('setVariable', { variablesReference: edits!, name: first!.name, value: '8' })
    await client.send('setVariable', { variablesReference: sampler!, name: 'temperature', value: 'warm' })
    await client.move('stepBack', 1)
    await client.move('stepBack', 1)
    await client.send('setVariable', { variablesReference: next!, name: '" the"', value: '1' })
    await client.send('variables', { variablesReference: residual! })
    // In the past a change forks.
    const tokens = await client.scope(1, 'Next token')
    const reference = await scopeReference(client, 1, 'Next token')
    await client.request('setVariable', { variablesReference: reference, name: tokens[3]!.name, value: 'force' })
    expect(await client.event('stopped')).toMatchObject({ reason: 'goto', threadId: 2 })
    await client.request('threads')
    await client.move('next', 2)
    await client.stack(2)
    const settings = await scopeReference(client, 2, 'Sampler')
    await client.request('setVariable', { variablesReference: settings, name: 'generate', value: '22' })
    await client.move('continue', 2)
    await client.stack(1)
  })
})

it('evaluates expressions, completes and sets them', async () => {
  await talk('evaluates-expressions', {}, async (client) => {
    await client.start({ program: PROMPT.path, stopOnEntry: true })
    await client.event('stopped')
    await client.move('next', 1)
    const [frame] = await client.stack(1)
    const frameId = frame!.id
    for (const [expression, context] of [['L0/7', 'watch'], ['top(1)', 'watch'], ['next', 'repl'], ['lens(2)', 'repl'], ['prob', 'watch'], ['token(-1)', 'hover'], ['top', 'hover'], ['bananas', 'hover'], ['top(1)', 'clipboard'], ['L99/1', 'repl'], ['1 +', 'repl']]) {
      await client.send('evaluate', { expression, context, frameId })
    }
    const list = await client.request<DebugProtocol.EvaluateResponse['body']>('evaluate', { expression: 'top(1)', context: 'watch', frameId })
    await client.variables(list.variablesReference)
    await client.request('completions', { text: 'ent', column: 4, frameId })
    await client.send('setExpression', { expression: 'temperature', value: '0.7', frameId })
    const [now] = await client.stack(1)
    await client.send('setExpression', { expression: 'L0/7', value: '+= 3', frameId: now!.id })
    await client.send('setExpression', { expression: 'prob', value: '1', frameId: now!.id })
  })
})

it('goes to a token, restarts a frame, reads memory, and names branches', async () => {
  await talk('goes-to-tokens', { path: null }, async (client) => {
    await client.start({ text: 'The cat sat on the mat.', stopAtEnd: true }, { initialize: { supportsInvalidatedEvent: true } })
    await client.event('stopped')
    const [frame] = await client.stack(1)
    const { targets } = await client.request<DebugProtocol.GotoTargetsResponse['body']>('gotoTargets', { source: frame!.source, line: 1, column: 6 })
    await client.move('goto', 1, { targetId: targets[0]!.id })
    const [there] = await client.stack(1)
    await client.request('source', { source: there!.source, sourceReference: 0 })
    await client.request('readMemory', { memoryReference: 'resid/1/1/2', count: 64 })
    await client.request('readMemory', { memoryReference: 'resid/1/1/2', offset: 4, count: 4 })
    await client.send('readMemory', { memoryReference: 'resid/1/1/99', count: 4 })
    await client.request('restartFrame', { frameId: there!.id })
    expect(await client.event('stopped')).toMatchObject({ reason: 'restart', threadId: 2 })
    await client.request('promptscope/nameBranch', { threadId: 2, name: ' what if ' })
    await client.send('promptscope/nameBranch', { threadId: 2, name: ' ' })
    await client.request('promptscope/branches', {})
    const [here] = await client.stack(2)
    const path = here!.source!.path!
    await client.request('promptscope/tokenAt', { path, line: 1, column: 6, frameId: here!.id })
    await client.request('promptscope/tokenAt', { path, line: 9, column: 6, frameId: here!.id })
    await client.request('promptscope/lineValues', { path, startLine: 1, endLine: 3, frameId: here!.id })
    await client.request('modules')
    await client.request('loadedSources')
  })
})

it('restarts, with the same arguments and with others', async () => {
  await talk('restarts', {}, async (client) => {
    await client.start({ program: PROMPT.path, stopOnEntry: true }, { functionBreakpoints: [{ name: 'L1/3' }] })
    await client.event('stopped')
    await client.request('restart', {})
    await client.event('stopped')
    await client.send('restart', { arguments: { program: PROMPT.path, temperature: 'hot' } })
    await client.request('restart', { arguments: { program: PROMPT.path, stopOnEntry: false } })
    await client.event('stopped')
    await client.request('terminate', {})
    await client.event('terminated')
    await client.send('stackTrace', { threadId: 1 })
    await client.send('threads')
  })
})

it('refuses what cannot be done, and goes on', async () => {
  await talk('refuses', {}, async (client) => {
    await client.send('launch', { program: PROMPT.path })
    await client.send('threads')
    await client.send('initialize', { adapterID: 'promptscope', linesStartAt1: 'yes' })
    await client.request('initialize', { adapterID: 'promptscope', linesStartAt1: false, columnsStartAt1: false })
    await client.send('initialize', { adapterID: 'promptscope' })
    await client.send('fly', { to: 'the moon' })
    await client.send('stackTrace', { threadId: 1 })
    for (const launch of [{}, { program: PROMPT.path, text: 'both' }, { text: 'a', layers: 'some' }, { text: 'a', seed: 1.5 }, { text: 'a', pins: ['L1'] }, 7]) await client.send('launch', launch)
    await client.request('configurationDone')
    await client.request('launch', { program: PROMPT.path, stopOnEntry: true, topp: 0.5 })
    await client.event('stopped')
    await client.send('launch', { program: PROMPT.path })
    await client.send('stackTrace', {})
    await client.send('stackTrace', { threadId: 7 })
    await client.send('stackTrace', { threadId: 'one' })
    await client.send('scopes', { frameId: 12345 })
    await client.send('variables', { variablesReference: 12345 })
    await client.send('setVariable', { variablesReference: 12345, name: 'x', value: '1' })
    await client.send('goto', { threadId: 1, targetId: 99 })
    await client.send('stepIn', { threadId: 1, targetId: 99 })
    await client.send('setBreakpoints', { source: {}, breakpoints: [] })
    await client.send('setBreakpoints', { source: PROMPT, breakpoints: [{ line: 'first' }] })
    await client.send('source', { sourceReference: 4711 })
    await client.stack(1)
  })
})

it('says why a program does not open', async () => {
  await talk('does-not-open', { open: () => Promise.reject(new InputError('model /models/none does not exist', 'choose a folder with a model')) }, async (client) => {
    await client.start({ text: 'The cat' })
    await client.send('threads')
  })
})

it('shows progress while the model is loaded, and cancels it', async () => {
  const open: ProgramOpener['open'] = (_launch, onProgress, signal) => {
    onProgress({ message: 'loading weights', fraction: 0.25 })
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new CancelledError()), { once: true }))
  }
  await talk('cancels-loading', { open }, async (client) => {
    const launched = client.start({ text: 'The cat' }, { initialize: { supportsProgressReporting: true } })
    const { progressId } = await client.event<{ progressId: string }>('progressStart')
    await client.request('cancel', { progressId })
    await launched
  })
})

it('ends when the model is lost', async () => {
  const program = fakeProgram()
  await talk('loses-the-model', { open: () => Promise.resolve(program) }, async (client) => {
    await client.start({ program: PROMPT.path, stopOnEntry: true })
    await client.event('stopped')
    program.lose(new InputError('engine process has ended', 'start the session again'))
    await client.event('terminated')
    await client.send('next', { threadId: 1 })
  })
})

/** Has the conversation, disconnects, and compares. Nothing may have been logged as a defect. */
async function talk(name: string, program: FakeProgramOptions | { readonly open: ProgramOpener['open'] }, conversation: (client: DapClient) => Promise<void>): Promise<void> {
  const { client, closed, log } = connectAdapter('open' in program ? program : { open: () => Promise.resolve(fakeProgram(program)) })
  onTestFailed(() => void process.stderr.write(transcriptOf(client.said)))
  await conversation(client)
  await client.request('disconnect', {})
  await closed
  expect(log).toEqual([])
  expectTranscript(name, client.said)
}

async function scopeReference(client: DapClient, threadId: number, name: string): Promise<number> {
  const [frame] = await client.stack(threadId)
  const { scopes } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: frame!.id })
  return scopes.find((scope) => scope.name === name)!.variablesReference
}
