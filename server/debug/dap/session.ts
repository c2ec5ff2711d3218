// One debug session, from `initialize` to its end: who is there when, and what follows from what.
import { CancelledError, InputError } from '../../protocol/errors'
import { createDebuggee } from '../debuggee/createDebuggee'
import { launchSlips, readLaunchArguments } from '../readLaunchArguments'
import type { LaunchArguments } from '../launchArguments'
import type { DebuggedProgram, ProgramOpener } from '../program'
import type { AdapterContext } from './adapterContext'
import { createBreakpoints } from './breakpoints'
import { CAPABILITIES } from './capabilities'
import { readClient, type Client } from './client'
import type { Dispatcher, Handlers, RequestScope } from './dispatcher'
import { createEvaluation } from './evaluation'
import { createExecution } from './execution'
import { createInspection } from './inspection'
import { createLive, FIRST_BRANCH, type Live } from './live'
import { openWithProgress } from './openWithProgress'
import { tellIdleEdits, tellLog, tellModel, tellProblems, tellTokens } from './output'
import type { RequestFields } from './requestFields'
import { createTextRequests } from './textRequests'

export interface SessionParts {
  readonly opener: ProgramOpener
  /** The dispatcher that these handlers are given to. */
  readonly dispatcher: () => Dispatcher
  readonly log: (message: string) => void
  /** The client has disconnected, and been told so. */
  readonly onDisconnected: () => void
}

export interface Session {
  readonly handlers: Handlers
  /** Cancels what is under way and closes what is open; resolves when that is done. */
  close(): Promise<void>
}

export function createSession({ opener, dispatcher, log, onDisconnected }: SessionParts): Session {
  let client: Client | null = null
  let live: Live | null = null
  let isConfigured = false
  let hasEnded = false
  /** Aborts the launch or restart that is under way. */
  let opening: AbortController | null = null
  let closing: Promise<void> = Promise.resolve()
  let progressCount = 0
  let lastId = 0

  const sendEvent = (event: string, body?: object): void => dispatcher().sendEvent(event, body)
  const context: AdapterContext = {
    client: () => client ?? refuse('session has not been initialised', 'send initialize first'),
    live: () => live ?? refuse(hasEnded ? 'session has ended' : 'nothing has been launched', hasEnded ? 'start another one' : 'send launch first'),
    liveOrNull: () => live,
    sendEvent,
    log,
  }
  const breakpoints = createBreakpoints(context)
  const texts = createTextRequests(context)
  const execution = createExecution({ ...context, breakpoint: breakpoints.find, end, tellSources: texts.tellSources })
  const inspection = { ...context, featuresOf: breakpoints.featuresOf, change: execution.change }

  /** Loads what is launched; the session is live when this resolves. */
  async function open(launch: LaunchArguments, request: RequestScope): Promise<Live> {
    const own = new AbortController()
    opening = own
    try {
      const signal = AbortSignal.any([own.signal, request.signal])
      const program = await openWithProgress({ opener, launch, client: context.client(), requestSeq: request.seq, progressId: `open-${++progressCount}`, sendEvent }, signal)
      if (signal.aborted) {
        await program.close()
        throw new CancelledError()
      }
      live = attach(launch, program)
      return live
    } finally {
      opening = null
    }
  }

  function attach(launch: LaunchArguments, program: DebuggedProgram): Live {
    const debuggee = createDebuggee(program, {
      onTokens(branch, first, end) {
        if (live !== session) return
        tellTokens(sendEvent, branch, first, end)
        breakpoints.refresh()
      },
      onLog(branch, position, text) {
        if (live === session) tellLog(sendEvent, session, context.client(), branch, position, text)
      },
      // Told with the answer to the request that forked.
      onFork: () => {},
    })
    const session = createLive(launch, program, debuggee, () => ++lastId)
    // What is lost before the launch has been answered ends the session then.
    program.lost.addEventListener('abort', () => session.isAnnounced && endLost(session), { once: true })
    return session
  }

  /** After the answer to `launch`, `restart` or `configurationDone`. */
  function startWhenReady(): void {
    if (live?.isAnnounced && isConfigured && !live.hasStarted) execution.start(live)
  }

  function announce(session: Live, slips: readonly string[]): void {
    const { model } = session.program
    session.isAnnounced = true
    sendEvent('process', { name: model.name, startMethod: 'launch', isLocalProcess: true })
    for (const slip of slips) sendEvent('output', { category: 'important', output: `${slip}\n` })
    tellModel(sendEvent, model)
    tellProblems(sendEvent, session)
    breakpoints.attach(session)
    if (session.program.lost.aborted) endLost(session)
  }

  function endLost(session: Live): void {
    const reason: unknown = session.program.lost.reason
    end(session, reason instanceof InputError ? reason : new InputError('model is gone', 'start the session again'))
  }

  /** The program is over: nothing can be asked about it any more. */
  function end(session: Live, failure: InputError | null): void {
    if (live !== session) return
    live = null
    hasEnded = true
    const branches = session.debuggee.branches()
    if (failure) sendEvent('output', { category: 'stderr', output: `${failure.line}\n` })
    else tellIdleEdits(sendEvent, branches)
    closing = closeLive(session, failure).then(() => {
      sendEvent('exited', { exitCode: failure ? 1 : 0 })
      sendEvent('terminated')
    })
  }

  async function closeLive(session: Live, failure: InputError | null): Promise<void> {
    for (const { busy } of session.threads.values()) busy?.abort()
    try {
      await session.debuggee.close(failure ? { message: failure.message, remedy: failure.remedy } : 'cancelled')
      await session.program.close()
    } catch (error) {
      log(`closing failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  }

  async function close(): Promise<void> {
    opening?.abort()
    const session = live
    live = null
    hasEnded = true
    await closing
    if (session) await closeLive(session, null)
  }

  const handlers: Handlers = {
    ...execution.handlers,
    ...breakpoints.handlers,
    ...createInspection(inspection),
    ...createEvaluation(inspection),
    ...texts.handlers,
    'initialize': (fields, request) => {
      if (client) refuse('session has been initialised already', 'send initialize once')
      client = readClient(fields)
      // Breakpoints are taken from now on, whether the launch comes before or after them.
      request.after(() => sendEvent('initialized'))
      return CAPABILITIES
    },
    'launch': async (fields, request) => {
      context.client()
      if (hasEnded) refuse('session has ended', 'start another one')
      if (live || opening) refuse('session has been launched already', 'use restart')
      const launch = readLaunchArguments(fields.all)
      const session = await open(launch, request)
      request.after(() => {
        announce(session, launchSlips(fields.all))
        startWhenReady()
      })
      return undefined
    },
    'configurationDone': (_fields, request) => {
      context.client()
      isConfigured = true
      request.after(startWhenReady)
      return undefined
    },
    'restart': async (fields, request) => {
      const before = context.live()
      if (opening) refuse('session is being restarted already', 'wait for it')
      const launch = restartLaunch(fields, before.launch)
      const threads = before.debuggee.branches().map(({ id }) => id)
      live = null
      await closeLive(before, null)
      request.whenRefused(() => {
        hasEnded = true
        sendEvent('terminated')
      })
      const session = await open(launch, request)
      request.after(() => {
        // The first thread is there again at once. By `continued` clients forget where it stood, which they do not when a thread exits.
        for (const threadId of threads) {
          if (threadId === FIRST_BRANCH) sendEvent('continued', { threadId, allThreadsContinued: false })
          else sendEvent('thread', { reason: 'exited', threadId })
        }
        announce(session, [])
        startWhenReady()
      })
      return undefined
    },
    'terminate': (_fields, request) => {
      const session = live
      const isOpening = opening !== null
      opening?.abort()
      request.after(() => {
        if (session) end(session, null)
        else if (isOpening) sendEvent('terminated')
      })
      return undefined
    },
    'disconnect': async (_fields, request) => {
      dispatcher().cancelOthers(request.seq)
      await close()
      request.after(onDisconnected)
      return undefined
    },
    'cancel': (fields) => {
      const requestId = fields.integerOrNull('requestId')
      if (requestId !== null) dispatcher().cancel(requestId)
      if (fields.textOrNull('progressId') === `open-${progressCount}`) opening?.abort()
      return undefined
    },
  }

  return { handlers, close }
}

/** A client that restarts with a changed configuration sends it along. */
function restartLaunch(fields: RequestFields, before: LaunchArguments): LaunchArguments {
  const changed = fields.objectOrNull('arguments')
  return changed ? readLaunchArguments(changed.all) : before
}

function refuse(message: string, remedy: string): never {
  throw new InputError(message, remedy)
}
