// The editor's end of the pipe to the debug adapter: every request answered once, whatever happens to the other end, and nothing shown too early.
import { duplexPair } from './duplexPair'
import { expect, test, vi } from 'vitest'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { createAdapterPipe, type AdapterPipeSetup } from '../../../../extension/debug/adapterPipe'
import { createFrameReader, encodeFrame } from '../../../../server/debug/dap/frames'

type Message = DebugProtocol.ProtocolMessage & { readonly command?: string; readonly event?: string; readonly success?: boolean; readonly request_seq?: number; readonly body?: unknown }

function open(setup: Partial<AdapterPipeSetup> = {}) {
  const [near, far] = duplexPair()
  const shown: Message[] = []
  const asked: Message[] = []
  const pipe = createAdapterPipe({ connect: async () => near, toEditor: (message) => void shown.push(message), hold: async () => undefined, whenLost: 'the worker stopped', ...setup })
  const reader = createFrameReader((message) => void asked.push(message as Message), (problem) => expect.fail(problem))
  far.on('data', (bytes: Buffer) => reader.push(bytes))
  return { pipe, far, shown, asked, request: (seq: number, command: string) => pipe.fromEditor(request(seq, command)), says: (message: object) => void far.write(encodeFrame(message)) }
}

const request = (seq: number, command: string) => ({ seq, type: 'request', command }) as DebugProtocol.Request
const answer = (request_seq: number, command: string, body: object = {}) => ({ seq: 100 + request_seq, type: 'response', request_seq, command, success: true, body })
const words = (messages: readonly Message[]) => messages.map(({ type, command, event, success }) => `${type} ${command ?? event}${success === false ? ' refused' : ''}`)

test('requests made while the pipe is opened reach the adapter, in order', async () => {
  const { request: send, asked } = open()
  send(1, 'initialize')
  send(2, 'launch')
  await vi.waitFor(() => expect(words(asked)).toEqual(['request initialize', 'request launch']))
})

test('answers and events pass in order', async () => {
  const { request: send, says, shown } = open()
  send(1, 'initialize')
  says(answer(1, 'initialize'))
  says({ seq: 2, type: 'event', event: 'initialized' })
  await vi.waitFor(() => expect(words(shown)).toEqual(['response initialize', 'event initialized']))
})

test('an event that is held keeps back all that came after it, but not the answers to our own questions', async () => {
  let release = (): void => undefined
  const bodies: unknown[] = []
  const { says, shown, asked } = open({
    hold: async (event, ask) => {
      if (event.event !== 'stopped') return
      bodies.push(await ask('stackTrace', { threadId: 1 }))
      await new Promise<void>((resolve) => (release = resolve))
    },
  })
  says({ seq: 1, type: 'event', event: 'stopped', body: { threadId: 1 } })
  says({ seq: 2, type: 'event', event: 'continued' })
  await vi.waitFor(() => expect(words(asked)).toEqual(['request stackTrace']))
  says({ ...answer(asked[0]!.seq, 'stackTrace', { stackFrames: [] }) })
  await vi.waitFor(() => expect(bodies).toEqual([{ stackFrames: [] }]))
  expect(shown).toEqual([])
  release()
  await vi.waitFor(() => expect(words(shown)).toEqual(['event stopped', 'event continued']))
})

test('a hold that fails holds nothing', async () => {
  const { says, shown } = open({ hold: () => Promise.reject(new Error('no such thread')) })
  says({ seq: 1, type: 'event', event: 'stopped' })
  await vi.waitFor(() => expect(words(shown)).toEqual(['event stopped']))
})

test('a pipe that breaks ends the session once: a line in the console, what waits refused, terminated', async () => {
  const { pipe, far, request: send, shown, asked } = open()
  send(1, 'next')
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  far.destroy()
  await vi.waitFor(() => expect(words(shown)).toEqual(['event output', 'response next refused', 'event terminated']))
  expect(shown[0]!.body).toEqual({ category: 'stderr', output: 'the worker stopped\n' })
  send(2, 'evaluate')
  send(3, 'disconnect')
  pipe.dispose()
  await vi.waitFor(() => expect(words(shown).slice(3)).toEqual(['response evaluate refused', 'response disconnect']))
})

test('a pipe that breaks while an event is held refuses what waits, but not what was answered meanwhile', async () => {
  const { far, request: send, says, shown, asked } = open({ hold: (_event, ask) => ask('stackTrace', {}).then(() => undefined) })
  send(1, 'next')
  send(2, 'threads')
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  says({ seq: 1, type: 'event', event: 'stopped' })
  says(answer(1, 'next'))
  await vi.waitFor(() => expect(asked).toHaveLength(3))
  far.destroy()
  await vi.waitFor(() => expect(words(shown)).toEqual(['event stopped', 'response next', 'event output', 'response threads refused', 'event terminated']))
})

test('a session that the adapter has ended is not ended again', async () => {
  const { far, says, shown } = open()
  says({ seq: 1, type: 'event', event: 'terminated' })
  await vi.waitFor(() => expect(words(shown)).toEqual(['event terminated']))
  far.destroy()
  await new Promise((resolve) => setImmediate(resolve))
  expect(words(shown)).toEqual(['event terminated'])
})

test('a pipe that cannot be opened refuses with the reason', async () => {
  const { request: send, shown } = open({ connect: () => Promise.reject(new Error('the model is gone')) })
  send(1, 'initialize')
  await vi.waitFor(() => expect(words(shown)).toEqual(['event output', 'response initialize refused', 'event terminated']))
  expect(shown[1]).toMatchObject({ message: 'the model is gone' })
})

test('stopping while the pipe is opened ends at once, and the pipe is closed when it comes', async () => {
  let connected: (stream: ReturnType<typeof duplexPair>[0]) => void = () => undefined
  const [near, far] = duplexPair()
  const { request: send, shown } = open({ connect: () => new Promise((resolve) => (connected = resolve)) })
  send(1, 'initialize')
  send(2, 'disconnect')
  await vi.waitFor(() => expect(words(shown)).toEqual(['response initialize refused', 'response disconnect']))
  connected(near)
  await vi.waitFor(() => expect(far.destroyed || near.destroyed).toBe(true))
})

test('bytes that are no message end the session once', async () => {
  const { far, says, shown } = open()
  await new Promise((resolve) => far.write('x'.repeat(20_000), resolve))
  says({ seq: 1, type: 'event', event: 'stopped' })
  await vi.waitFor(() => expect(words(shown)).toEqual(['event output', 'event terminated']))
  expect(shown[0]!.body).toMatchObject({ output: expect.stringContaining('cannot be read') as string })
})
