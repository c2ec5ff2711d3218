// The panel's only door to the editor: one channel of typed calls both ways, and the state that outlives a hidden panel.
import { connect, answer, isReply, type AsyncMethods, type Call, type Reply } from '../server/protocol/rpc'

/** What VS Code gives a webview, once. */
export interface EditorApi {
  postMessage(message: unknown): void
  getState(): unknown
  setState(state: unknown): void
}

declare function acquireVsCodeApi(): EditorApi

let editor: EditorApi | null = null

/** The editor's own interface; must be the only caller of `acquireVsCodeApi`, which throws the second time. */
export function editorApi(): EditorApi {
  editor ??= acquireVsCodeApi()
  return editor
}

/** Two ends of one wire: where messages go, and where they come from. */
export interface Wire {
  send(message: Call | Reply): void
  receive(listener: (message: Call | Reply) => void): void
}

/** The wire to the editor that shows this page. */
export function editorWire(): Wire {
  return {
    send: (message) => editorApi().postMessage(message),
    receive: (listener) => window.addEventListener('message', (event: MessageEvent<Call | Reply>) => listener(event.data)),
  }
}

/** Joins the panel to its host: the host's calls reach `panel`, and the returned object's methods reach the host. */
export function connectHost<Host extends AsyncMethods<Host>, Panel extends AsyncMethods<Panel>>(wire: Wire, panel: Panel): Host {
  const caller = connect<Host>((call) => wire.send(call))
  wire.receive((message) => {
    if (isReply(message)) caller.receive(message)
    else void answer(panel, message, (reply) => wire.send(reply))
  })
  return caller.api
}
