// Connects a debug session of the editor to the debug adapter in the worker, and lets it stop only where the text that is to be marked can be seen.
import { createConnection, type Socket } from 'node:net'
import * as vscode from 'vscode'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { openDebugPipe } from '../../server/protocol/requests'
import { DEBUG_TYPE } from '../contributions'
import { offer, sentence } from '../problems'
import type { Worker } from '../serverProcess'
import type { WorkerState } from '../workerState'
import { createAdapterPipe, type Ask } from './adapterPipe'
import { placesOf } from './frameBook'
import type { DebugSessions } from './sessions'
import { showBranch, waitForText } from './shownText'

const WORKER_LOST = 'Promptscope’s worker stopped, and the debug session with it. Breakpoints, edits and pins are kept; start again with F5.'

export function registerDebugAdapter(worker: Worker, state: WorkerState, sessions: DebugSessions): vscode.Disposable {
  return vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, {
    createDebugAdapterDescriptor: (session) => new vscode.DebugAdapterInlineImplementation(createAdapter(session, worker, state, sessions)),
  })
}

function createAdapter(session: vscode.DebugSession, worker: Worker, state: WorkerState, sessions: DebugSessions): vscode.DebugAdapter {
  const sent = new vscode.EventEmitter<vscode.DebugProtocolMessage>()
  const frames = sessions.frames(session)
  const pipe = createAdapterPipe({
    connect: async () => connectTo((await worker.request(openDebugPipe, null)).path),
    toEditor: (message) => {
      if (message.type === 'response') frames.note(message as DebugProtocol.Response)
      sent.fire(message)
      if (message.type === 'event') afterEvent(message as DebugProtocol.Event)
    },
    hold: (event, ask) => (event.event === 'stopped' ? untilShown(event as DebugProtocol.StoppedEvent, ask, state) : Promise.resolve()),
    whenLost: WORKER_LOST,
  })
  /** What the adapter last said about something that went wrong. */
  let complaint = ''
  /** A branch that begins opens its document; one that is renamed tells its name; a session that ends because of a failure says why. */
  const afterEvent = ({ event, body }: DebugProtocol.Event): void => {
    if (event === 'output') {
      const { category, output } = body as DebugProtocol.OutputEvent['body']
      if (category === 'stderr') complaint = output.trim()
    }
    if (event === 'exited' && (body as DebugProtocol.ExitedEvent['body']).exitCode !== 0 && complaint !== '') {
      // The debug console may be out of sight.
      offer(vscode.window.showErrorMessage(sentence(complaint), 'Debug Again'), { title: 'Debug Again', command: 'workbench.action.debug.start' })
    }
    if (event === 'thread' && (body as DebugProtocol.ThreadEvent['body']).reason === 'started') {
      void sessions.refresh(session).then((branches) => showBranch(branches.find(({ threadId }) => threadId === (body as DebugProtocol.ThreadEvent['body']).threadId), state))
    } else if (event === 'invalidated' && (body as DebugProtocol.InvalidatedEvent['body']).areas?.includes('threads')) void sessions.refresh(session)
  }
  return {
    onDidSendMessage: sent.event,
    handleMessage: (message) => pipe.fromEditor(message as DebugProtocol.ProtocolMessage),
    dispose: () => {
      pipe.dispose()
      sent.dispose()
    },
  }
}

/** Resolves when the document of the token at which a branch has stopped has its text, or after a short while without it. */
async function untilShown({ body }: DebugProtocol.StoppedEvent, ask: Ask, state: WorkerState): Promise<void> {
  if (body.threadId === undefined) return
  const [place] = placesOf(await ask('stackTrace', { threadId: body.threadId, startFrame: 0, levels: 1 }))
  if (place) await waitForText(place, state)
}

async function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
