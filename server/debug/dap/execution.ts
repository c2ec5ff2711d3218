// Running and stopping: the requests that move a branch, and the events that say where it stands then.
import { CancelledError, InputError } from '../../protocol/errors'
import type { Branch, Change, Motion, Stop } from '../branch'
import type { AdapterContext } from './adapterContext'
import type { Handlers, RequestScope } from './dispatcher'
import { FIRST_BRANCH, forget, frameOf, standingBranch, threadOf, type Live } from './live'
import { stoppedBody } from './stoppedBody'
import type { Wanted } from './compileBreakpoint'

type ExecutionHandlers = Pick<
  Handlers,
  'threads' | 'continue' | 'pause' | 'next' | 'stepIn' | 'stepInTargets' | 'stepOut' | 'stepBack' | 'reverseContinue' | 'restartFrame' | 'goto' | 'promptscope/branches' | 'promptscope/nameBranch'
>

export interface Execution {
  readonly handlers: ExecutionHandlers
  /** Runs the program from before its first token, or to it. */
  start(live: Live): void
  /** Changes a branch that stands still; whatever events follow are sent after the answer. Answers with the branch that has the change. */
  readonly change: (branchId: number, change: Change, request: RequestScope) => Promise<Branch>
}

export interface ExecutionParts extends AdapterContext {
  /** The breakpoint with this id, or undefined. */
  readonly breakpoint: (id: number) => Wanted | undefined
  /** Ends the session: the program has come to its end (null), or something keeps it from going on. */
  readonly end: (live: Live, failure: InputError | null) => void
  /** Tells the client of texts that it has not been told of. */
  readonly tellSources: (live: Live) => void
}

export function createExecution(parts: ExecutionParts): Execution {
  const { live, sendEvent } = parts
  let isFirstTold = false

  /** Says `running` at once, so that whatever request follows meets a running thread; moves when the request has been answered. */
  function move(threadId: number, request: RequestScope, motion: (branch: Branch) => Motion): void {
    const session = live()
    const branch = standingBranch(session, threadId)
    const wanted = motion(branch)
    const isOver = wanted.kind === 'continue' && isAtEnd(session, branch)
    const aborting = setOff(session, threadId)
    request.after(() => {
      if (isOver) parts.end(session, null)
      else void arrive(session, threadId, session.debuggee.move(threadId, wanted, aborting.signal))
    })
  }

  function setOff(session: Live, threadId: number): AbortController {
    const aborting = new AbortController()
    Object.assign(threadOf(session, threadId), { busy: aborting, stop: null })
    forget(session, threadId)
    return aborting
  }

  async function arrive(session: Live, threadId: number, moving: Promise<Stop>): Promise<void> {
    let failure: unknown = null
    let stop: Stop = { reason: 'pause', rules: [], finding: null }
    try {
      stop = await moving
    } catch (error) {
      failure = error
    }
    if (parts.liveOrNull() !== session) return
    const thread = threadOf(session, threadId)
    if (failure !== null && !(failure instanceof CancelledError)) {
      tellFailure(session, failure)
      if (session.program.lost.aborted) return
      stop = failedStop(session.debuggee.branch(threadId), lineOf(failure))
    }
    Object.assign(thread, { busy: null, stop })
    if (stop.reason === 'end' && endsSession(session)) {
      parts.end(session, null)
      return
    }
    session.focus = threadId
    sendEvent('stopped', stoppedBody(threadId, stop, standsAtEnd(session.debuggee.branch(threadId)), parts.breakpoint))
    parts.tellSources(session)
  }

  function tellFailure(session: Live, failure: unknown): void {
    if (!(failure instanceof InputError)) parts.log(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure))
    if (!session.program.lost.aborted) sendEvent('output', { category: 'stderr', output: `${lineOf(failure)}\n` })
  }

  /** Without `stopAtEnd` the session is over when no branch has anything left to go on to. */
  function endsSession(session: Live): boolean {
    if (session.launch.stopAtEnd && !session.launch.noDebug) return false
    return session.debuggee.branches().every((branch) => !session.threads.get(branch.id)?.busy && standsAtEnd(branch))
  }

  async function change(branchId: number, wanted: Change, request: RequestScope): Promise<Branch> {
    const session = live()
    standingBranch(session, branchId)
    const thread = threadOf(session, branchId)
    const aborting = new AbortController()
    const abort = (): void => aborting.abort()
    request.signal.addEventListener('abort', abort, { once: true })
    thread.busy = aborting
    try {
      const branch = await session.debuggee.change(branchId, wanted, aborting.signal)
      if (branch.id === branchId) session.looks.delete(branchId)
      request.after(() => tellChange(session, branchId, branch, wanted))
      return branch
    } finally {
      thread.busy = null
      request.signal.removeEventListener('abort', abort)
    }
  }

  function tellChange(session: Live, from: number, branch: Branch, wanted: Change): void {
    const reason = wanted.kind === 'restart' ? 'restart' : 'goto'
    if (parts.liveOrNull() !== session) return
    if (branch.id !== from) {
      sendEvent('thread', { reason: 'started', threadId: branch.id })
      sendEvent('output', { category: 'console', output: `\nnew branch: ${branch.name}\n` })
    } else if (wanted.kind !== 'restart') {
      if (parts.client().takesInvalidated) sendEvent('invalidated', { areas: ['variables'], threadId: branch.id })
      tellMemory(session, branch.id)
      return
    } else sendEvent('continued', { threadId: branch.id, allThreadsContinued: false })
    const stop: Stop = { reason, rules: [], finding: null }
    threadOf(session, branch.id).stop = stop
    session.focus = branch.id
    sendEvent('stopped', { ...stoppedBody(branch.id, stop, standsAtEnd(branch), parts.breakpoint), description: branch.id === from ? 'Restarted' : 'New branch' })
    parts.tellSources(session)
  }

  /** Vectors that the client has looked at may be others now. */
  function tellMemory(session: Live, branchId: number): void {
    if (!parts.client().takesMemoryEvents) return
    const count = session.program.model.identity.dModel * Float32Array.BYTES_PER_ELEMENT
    for (const memoryReference of session.memoryRead.get(branchId) ?? []) sendEvent('memory', { memoryReference, offset: 0, count })
  }

  const step = (kind: 'next' | 'stepOut' | 'stepBack' | 'reverseContinue') => (fields: Parameters<Handlers['next']>[0], request: RequestScope): undefined => move(fields.integer('threadId'), request, () => ({ kind })) as undefined

  return {
    change,
    start(session) {
      session.hasStarted = true
      session.threads.set(FIRST_BRANCH, { stop: null, busy: null })
      const aborting = setOff(session, FIRST_BRANCH)
      // After a restart it is there still; to be told of it again makes VS Code forget that it went on.
      if (!isFirstTold) sendEvent('thread', { reason: 'started', threadId: FIRST_BRANCH })
      isFirstTold = true
      const toFirstStop = session.launch.noDebug || !session.launch.stopOnEntry
      void arrive(session, FIRST_BRANCH, session.debuggee.start(toFirstStop, aborting.signal).catch((error: unknown) => failStart(session, error)))
    },
    handlers: {
      'threads': () => ({ threads: threadsOf(parts.liveOrNull()) }),
      'continue': (fields, request) => {
        move(fields.integer('threadId'), request, () => ({ kind: 'continue' }))
        return { allThreadsContinued: false }
      },
      'pause': (fields) => {
        threadOf(live(), fields.integer('threadId')).busy?.abort()
        return undefined
      },
      'next': step('next'),
      'stepOut': step('stepOut'),
      'stepBack': step('stepBack'),
      'reverseContinue': step('reverseContinue'),
      'stepIn': (fields, request) => {
        const target = fields.integerOrNull('targetId')
        if (target !== null) checkLayer(live(), target - 1)
        return move(fields.integer('threadId'), request, () => ({ kind: 'stepIn', layer: target === null ? null : target - 1 })) as undefined
      },
      'stepInTargets': (fields) => {
        const frame = frameOf(live(), fields.integer('frameId'))
        const first = frame.layer === null ? 0 : frame.layer + 1
        const layers = Array.from({ length: live().program.model.identity.layers }, (_, layer) => layer).slice(first)
        return { targets: layers.map((layer) => ({ id: layer + 1, label: `layer ${layer}${live().program.model.saeLayers.includes(layer) ? '' : ', without features'}` })) }
      },
      'restartFrame': async (fields, request) => {
        await change(frameOf(live(), fields.integer('frameId')).branchId, { kind: 'restart' }, request)
        return undefined
      },
      'goto': (fields, request) => {
        const target = live().targets.get(fields.integer('targetId'))
        if (!target) throw new InputError(`target ${fields.integer('targetId')} does not exist, or no longer`, 'ask for the targets again')
        return move(fields.integer('threadId'), request, (branch) => {
          const wanted = live().debuggee.branch(target.branchId).tokens[target.position]
          // The text of another branch is this one's only as far as they share it.
          if (!wanted || branch.tokens[target.position]?.id !== wanted.id) throw new InputError(`token ${target.position} is not on ${branch.name}`, 'choose a token that the branch has')
          return { kind: 'goto', position: target.position }
        }) as undefined
      },
      'promptscope/branches': () => ({
        branches: live().debuggee.branches().map(({ id, name, record, parent }) => ({
          threadId: id, name, runId: record.runId, uri: record.uri, parent: parent && { threadId: parent.id, position: parent.position },
        })),
      }),
      'promptscope/nameBranch': (fields, request) => {
        const name = fields.text('name').trim()
        if (name === '') throw new InputError('name of a branch is empty', 'write one or more words')
        live().debuggee.rename(fields.integer('threadId'), name)
        request.after(() => parts.client().takesInvalidated && sendEvent('invalidated', { areas: ['threads'] }))
        return {}
      },
    },
  }

  /** A program that does not start ends the session; the stop that is answered is told to nobody. */
  function failStart(session: Live, error: unknown): Stop {
    if (!(error instanceof CancelledError)) parts.end(session, error instanceof InputError ? error : defect(error))
    return { reason: 'pause', rules: [], finding: null }
  }

  function defect(error: unknown): InputError {
    parts.log(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return new InputError(`debugger failed: ${error instanceof Error ? error.message : String(error)}`, 'see the log')
  }
}

/** While the prompt is read there is no branch yet, but its thread. */
function threadsOf(session: Live | null): { id: number; name: string }[] {
  if (!session?.hasStarted) return []
  const branches = session.debuggee.branches()
  return branches.length > 0 ? branches.map(({ id, name }) => ({ id, name })) : [{ id: FIRST_BRANCH, name: 'reading the prompt' }]
}

/** Whether it has been told to stand at its end, where Continue ends the session. */
function isAtEnd(session: Live, branch: Branch): boolean {
  return standsAtEnd(branch) && session.threads.get(branch.id)?.stop?.reason === 'end'
}

function standsAtEnd({ ended, place, tokens }: Branch): boolean {
  return ended !== null && place.layer === null && place.position === tokens.length - 1
}

function checkLayer(session: Live, layer: number): void {
  const { layers } = session.program.model.identity
  if (layer < 0 || layer >= layers) throw new InputError(`target ${layer + 1} does not exist`, `choose layers 0 to ${layers - 1}`)
}

/** What keeps a branch from going on is told like what an exception filter finds. */
function failedStop({ place: { position } }: Branch, message: string): Stop {
  return { reason: 'exception', rules: [], finding: { filter: 'failure', message, first: position, last: position } }
}

function lineOf(failure: unknown): string {
  return failure instanceof InputError ? failure.line : `debugger failed: ${failure instanceof Error ? failure.message : String(failure)}`
}
