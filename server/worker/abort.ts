// Cancellation at the worker's seams: from the editor's tokens to AbortSignal, and waiting that can be given up.
import type { CancellationToken } from 'vscode-languageserver/node'
import { CancelledError } from '../protocol/errors'

/** A signal that aborts when the editor cancels its request. */
export function toSignal(token: CancellationToken): AbortSignal {
  const controller = new AbortController()
  if (token.isCancellationRequested) controller.abort()
  else token.onCancellationRequested(() => controller.abort())
  return controller.signal
}

/** What `promise` settles to, or CancelledError as soon as the signal aborts; the work itself goes on. */
export async function orCancelled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw new CancelledError()
  let abandon = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    abandon = () => reject(new CancelledError())
    signal.addEventListener('abort', abandon, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}
