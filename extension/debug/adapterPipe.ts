// The editor's end of the pipe to the debug adapter: answers for the adapter before it is there and after it has gone, and holds back what would show too early.
import type { Duplex } from 'node:stream'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { createFrameReader, encodeFrame } from '../../server/debug/dap/frames'

type Message = DebugProtocol.ProtocolMessage

export interface AdapterPipeSetup {
  /** Resolves with the open stream. */
  readonly connect: () => Promise<Duplex>
  /** Takes what the editor is to know: messages of the adapter in their order, and those that stand in for them. */
  readonly toEditor: (message: Message) => void
  /** Resolves when an event may be shown; what came after it waits too. `ask` sends a request of ours, of which the editor learns nothing. */
  readonly hold: (event: DebugProtocol.Event, ask: Ask) => Promise<void>
  /** The sentence for a pipe that broke. */
  readonly whenLost: string
}

/** Sends a request to the adapter and resolves with the body of its answer; rejects when the adapter refuses or is gone. */
export type Ask = (command: string, args: object) => Promise<unknown>

export interface AdapterPipe {
  fromEditor(message: Message): void
  readonly ask: Ask
  dispose(): void
}

// The editor counts its requests from 1; ours must never meet them.
const FIRST_OWN_SEQ = 1_000_000_000

/**
 * Opens the pipe. Every request of the editor's is answered exactly once. A pipe that cannot be opened, or breaks before the adapter said that the
 * session is over, ends the session once: a line in the debug console and `terminated`.
 */
export function createAdapterPipe({ connect, toEditor, hold, whenLost }: AdapterPipeSetup): AdapterPipe {
  const waiting: Message[] = []
  const pending = new Map<number, string>()
  const own = new Map<number, { readonly resolve: (body: unknown) => void; readonly reject: (error: Error) => void }>()
  const arrived: Message[] = []
  let stream: Duplex | null = null
  let state: 'connecting' | 'open' | 'ended' = 'connecting'
  let endWords = whenLost
  let isOver = false
  let isDelivering = false
  let ownSeq = FIRST_OWN_SEQ
  let standInSeq = FIRST_OWN_SEQ

  const ask: Ask = (command, args) =>
    new Promise((resolve, reject) => {
      if (!stream || state !== 'open') return reject(new Error(endWords))
      const seq = ownSeq++
      own.set(seq, { resolve, reject })
      stream.write(encodeFrame({ seq, type: 'request', command, arguments: args }))
    })

  const deliverAll = async (): Promise<void> => {
    if (isDelivering) return
    isDelivering = true
    for (let message = arrived.shift(); message; message = arrived.shift()) {
      if (isEvent(message)) {
        if (message.event === 'terminated') isOver = true
        // A wait that fails is only a highlight that may come too early.
        if (state === 'open') await hold(message, ask).catch(() => undefined)
      }
      toEditor(message)
    }
    isDelivering = false
  }
  const deliver = (...messages: Message[]): void => {
    arrived.push(...messages)
    void deliverAll()
  }

  const receive = (message: unknown): void => {
    if (state === 'ended' || !isMessage(message)) return
    const mine = isResponse(message) ? own.get(message.request_seq) : undefined
    if (!mine || !isResponse(message)) {
      // Answered from here on, though it may wait its turn.
      if (isResponse(message)) pending.delete(message.request_seq)
      return deliver(message)
    }
    own.delete(message.request_seq)
    if (message.success) mine.resolve(message.body)
    else mine.reject(new Error(message.message ?? 'the debugger refused'))
  }

  const respond = (request_seq: number, command: string, message: string): DebugProtocol.Response => {
    // Ending what has ended is no failure.
    const success = command === 'disconnect' || command === 'terminate'
    return { seq: standInSeq++, type: 'response', request_seq, command, success, ...(success ? {} : { message }) }
  }

  /** Ends the session; as news to the editor, unless it or the adapter wanted that. */
  const end = (words: string, how: 'broken' | 'wanted'): void => {
    if (state === 'ended') return
    state = 'ended'
    endWords = words
    const unanswered = [...pending].map(([seq, command]) => respond(seq, command, words))
    pending.clear()
    for (const { reject } of own.values()) reject(new Error(words))
    own.clear()
    const isNews = how === 'broken' && !isOver && !arrived.some((message) => isEvent(message) && message.event === 'terminated')
    deliver(
      ...(isNews ? [event('output', { category: 'stderr', output: `${words}\n` })] : []),
      ...unanswered,
      ...(isNews ? [event('terminated', {})] : []),
    )
    stream?.destroy()
  }
  const event = (name: string, body: object): DebugProtocol.Event => ({ seq: standInSeq++, type: 'event', event: name, body })

  const open = (opened: Duplex): void => {
    stream = opened
    // Stopped while it was opened.
    if (state === 'ended') return void opened.destroy()
    state = 'open'
    const reader = createFrameReader(receive, (problem) => end(`the debug adapter sent something that cannot be read: ${problem}`, 'broken'))
    opened.on('data', (bytes: Buffer) => reader.push(bytes))
    // What follows an error is always a close.
    opened.on('error', () => undefined)
    opened.on('close', () => end(whenLost, 'broken'))
    opened.on('end', () => end(whenLost, 'broken'))
    for (const message of waiting.splice(0)) opened.write(encodeFrame(message))
  }
  connect().then(open, (error: unknown) => end(error instanceof Error ? error.message : String(error), 'broken'))

  return {
    ask,
    fromEditor: (message) => {
      if (isRequest(message)) {
        if (state === 'ended') return deliver(respond(message.seq, message.command, endWords))
        pending.set(message.seq, message.command)
      }
      if (state === 'open') stream?.write(encodeFrame(message))
      // Whoever stops before the adapter is there need not wait for it.
      else if (isRequest(message) && (message.command === 'disconnect' || message.command === 'terminate')) end('the session was stopped before it began', 'wanted')
      else if (state === 'connecting') waiting.push(message)
    },
    dispose: () => end('the session has ended', 'wanted'),
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function isRequest(message: Message): message is DebugProtocol.Request {
  return message.type === 'request'
}

function isResponse(message: Message): message is DebugProtocol.Response {
  return message.type === 'response'
}

function isEvent(message: Message): message is DebugProtocol.Event {
  return message.type === 'event'
}
