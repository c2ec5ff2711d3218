// What a session has once its program is open: the debuggee, and what the adapter keeps beside it.
import type { Inspection } from '../../engine/engine'
import { InputError } from '../../protocol/errors'
import type { Branch, DebugToken, Stop } from '../branch'
import type { Debuggee } from '../debuggee'
import { boundsOf, type Bounds } from '../expressions/bounds'
import type { Words } from '../expressions/renderValue'
import type { LaunchArguments } from '../launchArguments'
import { filePlaces, runPlaces, type RunPlaces, type TokenPlaces } from '../places'
import type { DebuggedProgram } from '../program'
import type { Container } from './variables/container'
import { Refusal } from './dispatcher'
import { createHandles, type Handles } from './handles'

/** A line of the call stack: a token, or one of its layers. */
export interface Frame {
  readonly branchId: number
  readonly position: number
  readonly layer: number | null
}

/** What a branch does just now, as far as the adapter has a hand in it. */
export interface Thread {
  /** Why it stands where it does; null before its first stop, and while it runs. */
  stop: Stop | null
  /** Aborts what it does; null while it stands still. */
  busy: AbortController | null
}

export interface Live {
  readonly launch: LaunchArguments
  readonly program: DebuggedProgram
  readonly debuggee: Debuggee
  readonly bounds: Bounds
  readonly words: Words
  readonly threads: Map<number, Thread>
  readonly frames: Handles<Frame>
  readonly containers: Handles<Container>
  readonly targets: Handles<{ readonly branchId: number; readonly position: number }>
  /** Null for a prompt that is no file. */
  readonly promptPlaces: TokenPlaces | null
  /** Of the branch's run document, as it is now. */
  runPlacesOf(branch: Branch): RunPlaces
  /** The branch that stopped last. */
  focus: number
  /** Whether the launch has been answered; nothing runs before. */
  isAnnounced: boolean
  hasStarted: boolean
  /** By branch: looks into the model that were taken while it stands still. */
  readonly looks: Map<number, Map<string, Inspection>>
  /** By branch: memory that the client has read since it stands still. */
  readonly memoryRead: Map<number, Set<string>>
}

/** The debuggee's first branch, which is there once the prompt has been read. */
export const FIRST_BRANCH = 1

/** `nextId` is the session's counter of handles. */
export function createLive(launch: LaunchArguments, program: DebuggedProgram, debuggee: Debuggee, nextId: () => number): Live {
  const places = new Map<number, RunPlaces>()
  const promptTokens = program.prompt.tokens.map((token, index): DebugToken => ({ ...token, index, generated: false, prediction: null, fired: [] }))
  return {
    launch, program, debuggee,
    bounds: boundsOf(program.model),
    words: { label: (feature) => program.describe(feature).label, tokenText: (id) => program.tokenizer.display(id) },
    threads: new Map(),
    frames: createHandles(nextId),
    containers: createHandles(nextId),
    targets: createHandles(nextId),
    promptPlaces: program.file ? filePlaces(program.file.text, promptTokens) : null,
    runPlacesOf(branch) {
      const found = places.get(branch.id) ?? runPlaces(program.prompt.renderedText)
      places.set(branch.id, found)
      found.update(branch.tokens)
      return found
    },
    focus: FIRST_BRANCH,
    isAnnounced: false,
    hasStarted: false,
    looks: new Map(),
    memoryRead: new Map(),
  }
}

/** The thread's record; throws InputError for an id that no branch has. */
export function threadOf(live: Live, threadId: number): Thread {
  const known = live.threads.get(threadId)
  if (known) return known
  live.debuggee.branch(threadId)
  const thread = { stop: null, busy: null }
  live.threads.set(threadId, thread)
  return thread
}

/** The branch, when it stands still; refuses with `notStopped` while it runs or is changed. */
export function standingBranch(live: Live, threadId: number): Branch {
  const thread = threadOf(live, threadId)
  if (thread.busy || !live.hasStarted) throw new Refusal('notStopped', `thread ${threadId} is running`, 'pause it first')
  return live.debuggee.branch(threadId)
}

/**
 * The frame with this number. Editors ask late, with a frame of the stop before: while the branch stands still, that is the same line of the call
 * stack where it stands now. Throws InputError for a number that never was a frame's; refuses while the branch runs.
 */
export function frameOf(live: Live, frameId: number): Frame {
  const frame = live.frames.get(frameId)
  if (frame) return frame
  const former = live.frames.getFormer(frameId)
  if (!former) throw new InputError(`frame ${frameId} does not exist`, 'ask for the call stack')
  const { place } = standingBranch(live, former.branchId)
  const layer = place.layer === null || former.layer === null ? null : Math.min(place.layer, former.layer)
  return { branchId: former.branchId, position: place.position, layer }
}

/** Lets go of all that stood for the branch as it stood. */
export function forget(live: Live, branchId: number): void {
  live.frames.drop(branchId)
  live.containers.drop(branchId)
  live.targets.drop(branchId)
  live.looks.delete(branchId)
  live.memoryRead.delete(branchId)
}
