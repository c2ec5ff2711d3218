// The debugger as the tests inside VS Code watch it: what the adapter told the editor, and when the editor stands at a stop.
import * as vscode from 'vscode'
import type { DebugProtocol } from '@vscode/debugprotocol'

export interface Stop {
  readonly session: vscode.DebugSession
  readonly reason: string
  readonly threadId: number
  readonly frameId: number
}

export interface DebugWatch extends vscode.Disposable {
  /** The next stop, once the editor has a frame of it in focus. To be asked for before what causes it. */
  nextStop(): Promise<Stop>
  /** The next stop as the adapter tells it, whatever the editor looks at: it leaves its focus on a session that was ended in the moment of a stop. */
  nextTold(): Promise<Omit<Stop, 'frameId'>>
  /** The next session's end, once nothing of it is in focus any more: a stop of another session would not get it before. */
  nextEnd(): Promise<vscode.DebugSession>
  /** Text that the console showed, by category. */
  output(category: string): string
  /** Requests that were refused, with the reason: `scopes: frame 3 does not exist`. */
  readonly refusals: readonly string[]
  /** How often an event of this name was told. */
  count(event: string): number
}

export function watchDebugger(): DebugWatch {
  const outputs: { readonly category: string; readonly text: string }[] = []
  const events: string[] = []
  const refusals: string[] = []
  const stops = new vscode.EventEmitter<{ readonly session: vscode.DebugSession; readonly body: DebugProtocol.StoppedEvent['body'] }>()
  const tracker = vscode.debug.registerDebugAdapterTrackerFactory('promptscope', {
    createDebugAdapterTracker: (session) => ({
      onDidSendMessage: (message: DebugProtocol.Event | DebugProtocol.Response) => {
        if ('command' in message && !message.success) refusals.push(`${message.command}: ${message.message}`)
        if (!('event' in message)) return
        events.push(message.event)
        if (message.event === 'output') {
          const { category = 'console', output } = (message as DebugProtocol.OutputEvent).body
          outputs.push({ category, text: output })
        }
        if (message.event === 'stopped') stops.fire({ session, body: (message as DebugProtocol.StoppedEvent).body })
      },
    }),
  })
  return {
    nextStop: () =>
      waitFor('a stop', (done) => {
        let told: { readonly session: vscode.DebugSession; readonly body: DebugProtocol.StoppedEvent['body'] } | null = null
        return [
          stops.event((stop) => void (told = stop)),
          vscode.debug.onDidChangeActiveStackItem((item) => {
            if (!told || !item || !('frameId' in item) || item.threadId !== told.body.threadId) return
            done({ session: told.session, reason: told.body.reason, threadId: item.threadId, frameId: item.frameId })
          }),
        ]
      }),
    nextTold: () => waitFor('a stop', (done) => [stops.event(({ session, body }) => done({ session, reason: body.reason, threadId: body.threadId ?? 0 }))]),
    nextEnd: () =>
      waitFor('the end of a session', (done) => {
        let ended: vscode.DebugSession | null = null
        const look = (): void => {
          if (ended && vscode.debug.activeStackItem?.session.id !== ended.id) done(ended)
        }
        return [
          vscode.debug.onDidTerminateDebugSession((session) => {
            ended = session
            look()
          }),
          vscode.debug.onDidChangeActiveStackItem(look),
        ]
      }),
    refusals,
    output: (category) => outputs.filter((output) => output.category === category).map(({ text }) => text).join(''),
    count: (name) => events.filter((event) => event === name).length,
    dispose: () => void vscode.Disposable.from(tracker, stops).dispose(),
  }
}

/** Frames of a thread, innermost first. */
export async function framesOf(session: vscode.DebugSession, threadId: number): Promise<DebugProtocol.StackFrame[]> {
  const { stackFrames } = (await session.customRequest('stackTrace', { threadId })) as DebugProtocol.StackTraceResponse['body']
  return stackFrames
}

/** The variables of a scope of a frame, by the scope's name. */
export async function variablesOf(session: vscode.DebugSession, frameId: number, scope: string): Promise<{ readonly reference: number; readonly variables: DebugProtocol.Variable[] }> {
  const { scopes } = (await session.customRequest('scopes', { frameId })) as DebugProtocol.ScopesResponse['body']
  const reference = scopes.find(({ name }) => name === scope)?.variablesReference ?? 0
  const { variables } = (await session.customRequest('variables', { variablesReference: reference })) as DebugProtocol.VariablesResponse['body']
  return { reference, variables }
}

async function waitFor<T>(what: string, listen: (done: (value: T) => void) => vscode.Disposable[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void): void => {
      clearTimeout(timer)
      vscode.Disposable.from(...subscriptions).dispose()
      finish()
    }
    const timer = setTimeout(() => end(() => reject(new Error(`did not happen: ${what}`))), 30_000)
    const subscriptions = listen((value) => end(() => resolve(value)))
  })
}
