// Answers every request exactly once, in the protocol's envelope: also unknown ones, wrong ones, cancelled ones, and those whose handler fails.
import type { DebugProtocol } from '@vscode/debugprotocol'
import { CancelledError, InputError } from '../../protocol/errors'
import { requestFields, type RequestFields } from './requestFields'
import type { Command, ResponseBodies } from './responseBodies'

/** One request while it is being answered. */
export interface RequestScope {
  readonly seq: number
  /** Aborts when the client cancels the request, or the session ends. */
  readonly signal: AbortSignal
  /** Runs once the answer has been sent, in order; not at all when the request failed. Whatever events follow from the request are sent from here. */
  after(work: () => void): void
  /** The same for a request that failed. */
  whenRefused(work: () => void): void
}

export type Handler<Body> = (fields: RequestFields, request: RequestScope) => Body | Promise<Body>

export type Handlers = { readonly [C in Command]: Handler<ResponseBodies[C]> }

/** A refusal that clients know by name, `notStopped`, with the sentence for people. */
export class Refusal extends InputError {
  constructor(
    readonly code: string,
    message: string,
    remedy: string,
  ) {
    super(message, remedy)
  }
}

export interface Dispatcher {
  /** Any message of the client. */
  receive(message: unknown): void
  sendEvent(event: string, body?: object): void
  /** Aborts one request; whether there was such a one. It is answered with `cancelled`, unless it is done nevertheless. */
  cancel(seq: number): boolean
  /** Answers all requests but this one with `cancelled`, at once, and aborts them: the session is over. */
  cancelOthers(seq: number): void
}

interface Pending {
  readonly seq: number
  readonly command: string
  readonly aborting: AbortController
  answered: boolean
}

/** `send` gets whole messages with their sequence numbers; `log` the defects of ours and the client's messages that cannot be answered. */
export function createDispatcher(handlers: Handlers, send: (message: DebugProtocol.ProtocolMessage) => void, log: (message: string) => void): Dispatcher {
  const pending = new Set<Pending>()
  let lastSeq = 0

  function respond(request: Pending, outcome: Pick<DebugProtocol.Response, 'success' | 'message' | 'body'>): void {
    if (request.answered) return
    request.answered = true
    pending.delete(request)
    const response = { seq: ++lastSeq, type: 'response', request_seq: request.seq, command: request.command, ...outcome }
    send(response)
  }

  async function answer(request: Pending, args: unknown): Promise<void> {
    const work: (() => void)[] = []
    const refusedWork: (() => void)[] = []
    try {
      const handler = Object.hasOwn(handlers, request.command) ? (handlers[request.command as Command] as Handler<unknown>) : null
      if (!handler) throw new InputError(`request ${JSON.stringify(request.command.slice(0, 80))} is not known`, 'use the requests of the declared capabilities')
      const scope = { seq: request.seq, signal: request.aborting.signal, after: (each: () => void) => work.push(each), whenRefused: (each: () => void) => refusedWork.push(each) }
      const body = await handler(requestFields(request.command, args), scope)
      if (request.answered) return
      respond(request, { success: true, ...(body !== undefined && { body }) })
    } catch (error) {
      respond(request, failure(request, error))
      runAll(request.command, refusedWork)
      return
    }
    runAll(request.command, work)
  }

  function runAll(command: string, work: readonly (() => void)[]): void {
    for (const each of work) {
      try {
        each()
      } catch (error) {
        log(`after ${command}: ${stackOf(error)}`)
      }
    }
  }

  function failure(request: Pending, error: unknown): Pick<DebugProtocol.Response, 'success' | 'message' | 'body'> {
    if (error instanceof CancelledError || (request.aborting.signal.aborted && !(error instanceof InputError))) return { success: false, message: 'cancelled' }
    if (error instanceof InputError) return { success: false, message: error instanceof Refusal ? error.code : error.line, body: { error: errorBody(1, error.line, SHOWN.has(request.command)) } }
    log(`${request.command} failed: ${stackOf(error)}`)
    const text = `${request.command} failed by a defect of Promptscope; see its log`
    return { success: false, message: text, body: { error: errorBody(2, text, false) } }
  }

  return {
    receive(message) {
      const { type, seq, command, arguments: args } = (typeof message === 'object' && message !== null ? message : {}) as Readonly<Record<string, unknown>>
      if (type !== 'request' || typeof command !== 'string') {
        log(`ignored a message that is no request: ${JSON.stringify(message)?.slice(0, 200)}`)
        return
      }
      const request = { seq: Number.isSafeInteger(seq) ? (seq as number) : 0, command, aborting: new AbortController(), answered: false }
      pending.add(request)
      void answer(request, args)
    },
    sendEvent(event, body) {
      const message = { seq: ++lastSeq, type: 'event', event, ...(body !== undefined && { body }) }
      send(message)
    },
    cancel(seq) {
      const found = [...pending].find((request) => request.seq === seq)
      found?.aborting.abort()
      return found !== undefined
    },
    cancelOthers(seq) {
      for (const request of [...pending].filter((each) => each.seq !== seq)) {
        respond(request, { success: false, message: 'cancelled' })
        request.aborting.abort()
      }
    },
  }
}

/** What a person did by a command, and is told of nowhere else. Of all other requests clients show the message in place, or they asked by themselves. */
const SHOWN: ReadonlySet<string> = new Set(['initialize', 'launch', 'continue', 'pause', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue', 'restartFrame', 'goto', 'terminate', 'restart'])

function errorBody(id: number, text: string, showUser: boolean): DebugProtocol.Message {
  return { id, format: text, showUser }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
