// A client of the debug adapter protocol for tests, over any two streams: sends requests, waits for events, keeps all that was said.
import { PassThrough } from 'node:stream'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { createFrameReader, encodeFrame } from '../../../../server/debug/dap/frames'
import { serveDebugAdapter } from '../../../../server/debug/dap/serveDebugAdapter'
import type { ProgramOpener } from '../../../../server/debug/program'

/** One message, as it went by. */
export interface Said {
  readonly from: 'client' | 'adapter'
  readonly message: DebugProtocol.ProtocolMessage
}

export interface DapClient {
  /** All messages of both sides, in order. */
  readonly said: readonly Said[]
  /** The response, also when it says that the request failed. */
  readonly send: (command: string, args?: unknown) => Promise<DebugProtocol.Response>
  /** The response's body; throws with the adapter's words when the request failed. */
  readonly request: <Body = Record<string, unknown>>(command: string, args?: unknown) => Promise<Body>
  /** The next event of this kind that nobody has waited for yet; one that has come already counts. Rejects when the adapter has gone. */
  readonly event: <Body = Record<string, unknown>>(name: string) => Promise<Body>
  /** Whether one has come that nobody waited for. */
  readonly hasEvent: (name: string) => boolean
  /** Sends bytes as they are. */
  readonly sendBytes: (bytes: string | Uint8Array) => void
  /** Starts as VS Code does: initialize, launch, breakpoints, configurationDone. Resolves with the launch's response. */
  readonly start: (launch: object, settings?: StartSettings) => Promise<DebugProtocol.Response>
  /** `threadId` goes on by this request; answers with where it stopped then. */
  readonly move: (command: string, threadId: number, args?: object) => Promise<DebugProtocol.StoppedEvent['body']>
  /** Frames of a thread that stands still. */
  readonly stack: (threadId: number) => Promise<DebugProtocol.StackFrame[]>
  /** Variables of a scope of the top frame. */
  readonly scope: (threadId: number, name: string) => Promise<DebugProtocol.Variable[]>
  readonly variables: (variablesReference: number) => Promise<DebugProtocol.Variable[]>
}

export interface StartSettings {
  readonly initialize?: object
  readonly breakpoints?: readonly DebugProtocol.SetBreakpointsArguments[]
  readonly functionBreakpoints?: readonly DebugProtocol.FunctionBreakpoint[]
  readonly exceptionFilters?: readonly string[]
}

/** Speaks to an adapter at the other end of two streams: a child process, a socket, or one in this process. */
export function dapClient(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): DapClient {
  const said: Said[] = []
  const waiting = new Map<number, (response: DebugProtocol.Response) => void>()
  const events: DebugProtocol.Event[] = []
  const listeners: { readonly name: string; readonly resolve: (event: DebugProtocol.Event) => void; readonly reject: (error: Error) => void }[] = []
  let seq = 0
  let isGone = false

  const reader = createFrameReader((value) => {
    const message = value as DebugProtocol.ProtocolMessage
    said.push({ from: 'adapter', message })
    if (message.type === 'response') {
      const response = message as DebugProtocol.Response
      waiting.get(response.request_seq)?.(response)
      waiting.delete(response.request_seq)
    } else if (message.type === 'event') {
      const event = message as DebugProtocol.Event
      const listener = listeners.findIndex(({ name }) => name === event.event)
      if (listener >= 0) listeners.splice(listener, 1)[0]!.resolve(event)
      else events.push(event)
    }
  }, (problem) => {
    throw new Error(`adapter sent what is no message: ${problem}`)
  })
  input.on('data', (chunk: Uint8Array | string) => reader.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
  const onGone = (): void => {
    isGone = true
    for (const { name, reject } of listeners.splice(0)) reject(new Error(`adapter has gone while ${name} was waited for`))
  }
  input.on('end', onGone)
  input.on('close', onGone)

  const client: DapClient = {
    said,
    send(command, args) {
      const message = { seq: ++seq, type: 'request', command, ...(args !== undefined && { arguments: args }) }
      said.push({ from: 'client', message })
      const response = new Promise<DebugProtocol.Response>((resolve) => waiting.set(message.seq, resolve))
      output.write(encodeFrame(message))
      return response
    },
    async request<Body>(command: string, args?: unknown) {
      const { success, message, body } = (await client.send(command, args)) as DebugProtocol.ErrorResponse
      if (!success) throw new Error(`${command}: ${body.error?.format ?? message}`)
      return body as Body
    },
    event<Body>(name: string) {
      const known = events.findIndex(({ event }) => event === name)
      if (known >= 0) return Promise.resolve(events.splice(known, 1)[0]!.body as Body)
      if (isGone) return Promise.reject(new Error(`adapter has gone; no ${name} will come`))
      return new Promise<Body>((resolve, reject) => listeners.push({ name, resolve: (event) => resolve(event.body as Body), reject }))
    },
    hasEvent: (name) => events.some(({ event }) => event === name),
    sendBytes: (bytes) => void output.write(bytes),
    async start(launch, { initialize = {}, breakpoints = [], functionBreakpoints = [], exceptionFilters = [] } = {}) {
      await client.request('initialize', { adapterID: 'promptscope', linesStartAt1: true, columnsStartAt1: true, pathFormat: 'path', ...initialize })
      const launched = client.send('launch', launch)
      await client.event('initialized')
      for (const each of breakpoints) await client.request('setBreakpoints', each)
      if (functionBreakpoints.length > 0) await client.request('setFunctionBreakpoints', { breakpoints: functionBreakpoints })
      if (exceptionFilters.length > 0) await client.request('setExceptionBreakpoints', { filters: exceptionFilters })
      await client.request('configurationDone')
      return launched
    },
    async move(command, threadId, args = {}) {
      await client.request(command, { threadId, ...args })
      return client.event<DebugProtocol.StoppedEvent['body']>('stopped')
    },
    async stack(threadId) {
      return (await client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId })).stackFrames
    },
    async scope(threadId, name) {
      const [frame] = await client.stack(threadId)
      const { scopes } = await client.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId: frame!.id })
      return client.variables(scopes.find((scope) => scope.name === name)!.variablesReference)
    },
    async variables(variablesReference) {
      return (await client.request<DebugProtocol.VariablesResponse['body']>('variables', { variablesReference })).variables
    },
  }
  return client
}

/** An adapter in this process, and its client. `closed` resolves when the adapter has finished; `log` is what it logged. */
export function connectAdapter(opener: ProgramOpener): { readonly client: DapClient; readonly closed: Promise<void>; readonly log: readonly string[]; readonly hangUp: () => void } {
  const toAdapter = new PassThrough()
  const toClient = new PassThrough()
  const log: string[] = []
  const closed = serveDebugAdapter({ input: toAdapter, output: toClient, opener, log: (message) => log.push(message) })
  return { client: dapClient(toClient, toAdapter), closed, log, hangUp: () => void toAdapter.end() }
}

