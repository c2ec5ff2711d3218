// The debug sessions that are alive: their branches, the frame in focus with its place, and the way to ask their adapters.
import * as vscode from 'vscode'
import { debugBranches, type DebugBranch, type DebugRequestName } from '../../server/protocol/debugRequests'
import { DEBUG_TYPE } from '../contributions'
import { createFrameBook, type FrameBook, type FramePlace } from './frameBook'

/** A branch that can be continued, with the session it belongs to. */
export interface LiveBranch extends DebugBranch {
  readonly session: vscode.DebugSession
}

export interface DebugSessions extends vscode.Disposable {
  /** Of all live sessions, in order of their threads. */
  readonly branches: readonly LiveBranch[]
  /** A branch began, got another name, or its session ended. */
  readonly onDidChangeBranches: vscode.Event<void>
  /** Where the frame in focus stands; null while nothing is stopped. */
  readonly focus: (FramePlace & { readonly session: vscode.DebugSession; readonly threadId: number }) | null
  readonly onDidChangeFocus: vscode.Event<void>
  /** The book of frames of a session, made with its first mention. */
  frames(session: vscode.DebugSession): FrameBook
  /** Asks the adapter anew which branches there are. */
  refresh(session: vscode.DebugSession): Promise<readonly LiveBranch[]>
}

export function createDebugSessions(log: vscode.LogOutputChannel): DebugSessions {
  const branchesChanged = new vscode.EventEmitter<void>()
  const focusChanged = new vscode.EventEmitter<void>()
  const books = new Map<string, FrameBook>()
  let branches: readonly LiveBranch[] = []

  const replace = (session: vscode.DebugSession, own: readonly LiveBranch[]): void => {
    const others = branches.filter((branch) => branch.session.id !== session.id)
    if (others.length === branches.length && own.length === 0) return
    branches = [...others, ...own]
    branchesChanged.fire()
  }

  const refresh = async (session: vscode.DebugSession): Promise<readonly LiveBranch[]> => {
    try {
      const own = (await askAdapter(session, debugBranches, {})).branches.map((branch) => ({ ...branch, session }))
      if (books.has(session.id)) replace(session, own)
      return own
    } catch (error) {
      log.debug('The debug adapter does not tell its branches.', error)
      return []
    }
  }

  const subscriptions = [
    branchesChanged, focusChanged,
    vscode.debug.onDidChangeActiveStackItem(() => focusChanged.fire()),
    vscode.debug.onDidTerminateDebugSession((session) => {
      if (!books.delete(session.id)) return
      replace(session, [])
      focusChanged.fire()
    }),
  ]

  return {
    get branches() {
      return branches
    },
    onDidChangeBranches: branchesChanged.event,
    get focus() {
      const item = vscode.debug.activeStackItem
      if (!item || item.session.type !== DEBUG_TYPE || !('frameId' in item)) return null
      const place = books.get(item.session.id)?.find(item.frameId)
      return place ? { ...place, session: item.session, threadId: item.threadId } : null
    },
    onDidChangeFocus: focusChanged.event,
    frames: (session) => {
      const book = books.get(session.id) ?? createFrameBook()
      books.set(session.id, book)
      return book
    },
    refresh,
    dispose: () => void vscode.Disposable.from(...subscriptions).dispose(),
  }
}

/** Sends one of our own requests to a session's adapter. */
export async function askAdapter<Args, Body>(session: vscode.DebugSession, { command }: DebugRequestName<Args, Body>, args: Args): Promise<Body> {
  return (await session.customRequest(command, args)) as Body
}
