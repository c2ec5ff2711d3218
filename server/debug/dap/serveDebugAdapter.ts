// The debug adapter over any two streams: one session from `initialize` to its end.
import type { ProgramOpener } from '../program'
import { createDispatcher, type Dispatcher } from './dispatcher'
import { createFrameReader, encodeFrame } from './frames'
import { createSession } from './session'

export interface DebugAdapterParts {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  readonly opener: ProgramOpener
  readonly log: (message: string) => void
}

/** Resolves when the client has disconnected or the streams have closed; what was under way is cancelled and what the opener opened is closed by then. */
export async function serveDebugAdapter({ input, output, opener, log }: DebugAdapterParts): Promise<void> {
  let canWrite = true
  const send = (message: unknown): void => {
    if (canWrite) output.write(encodeFrame(message))
  }
  let onOver = (): void => {}
  const over = new Promise<void>((resolve) => (onOver = resolve))
  const session = createSession({ opener, dispatcher: (): Dispatcher => dispatcher, log, onDisconnected: onOver })
  const dispatcher = createDispatcher(session.handlers, send, log)
  const reader = createFrameReader((message) => dispatcher.receive(message), log)

  const onGone = (): void => {
    canWrite = false
    onOver()
  }
  const onData = (chunk: Uint8Array | string): void => reader.push(typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk)
  input.on('data', onData)
  input.on('end', onOver)
  input.on('close', onOver)
  input.on('error', onOver)
  output.on('close', onGone)
  output.on('error', onGone)
  await over
  input.removeListener('data', onData)
  await session.close()
}
