// Answers typed requests over a connection: the one place where an exception becomes a reply.
import { LSPErrorCodes, ResponseError, type CancellationToken, type Connection, type ProgressToken, type WorkDoneProgressReporter } from 'vscode-languageserver/node'
import { CancelledError, InputError, inputErrorLine } from '../protocol/errors'
import { ERROR_INPUT, type NotificationName, type RequestName } from '../protocol/requests'
import type { Progress } from '../protocol/values'
import { toSignal } from './abort'

/** What a handler gets beside its parameters. */
export interface RequestContext {
  readonly signal: AbortSignal
  /** Reports work-done progress when the request asked for it. */
  readonly report: (progress: Progress) => void
}

type AnyHandler = (...args: readonly unknown[]) => unknown

/** Answers every request of this name with what `handler` returns; bad input becomes ERROR_INPUT with the remedy as data. */
export function onRequest<Params, Result>(
  connection: Connection,
  name: RequestName<Params, Result>,
  handler: (params: Params, context: RequestContext) => Result | Promise<Result>,
): void {
  const answer: AnyHandler = async (...args) => {
    // A request without parameters may arrive with null or with nothing before the token.
    const token = args.at(-1) as CancellationToken
    const params = (args.length > 1 ? args[0] : null) as Params
    const progress = openProgress(connection, params)
    try {
      return await handler(params, { signal: toSignal(token), report: progress.report })
    } catch (error) {
      throw toResponseError(error, (message) => connection.console.error(`${name.method}: ${message}`))
    } finally {
      progress.done()
    }
  }
  connection.onRequest(name.method, answer)
}

export function notify<Params>(connection: Connection, name: NotificationName<Params>, params: Params): void {
  connection.sendNotification(name.method, params).catch(() => {
    // The editor has gone; there is nobody to tell.
  })
}

function toResponseError(error: unknown, log: (message: string) => void): ResponseError<unknown> {
  if (error instanceof InputError) return new ResponseError(ERROR_INPUT, inputErrorLine(error.message, error.remedy), { message: error.message, remedy: error.remedy })
  if (error instanceof CancelledError) return new ResponseError(LSPErrorCodes.RequestCancelled, error.message)
  log(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return new ResponseError(LSPErrorCodes.RequestFailed, error instanceof Error ? error.message : String(error))
}

function openProgress(connection: Connection, params: unknown): { report(this: void, progress: Progress): void; done(): void } {
  const token = typeof params === 'object' && params !== null && 'workDoneToken' in params ? (params.workDoneToken as ProgressToken) : null
  if (token === null) return { report: () => {}, done: () => {} }
  let reporter: WorkDoneProgressReporter | null = null
  return {
    report({ message, fraction }) {
      if (!reporter) {
        reporter = connection.window.attachWorkDoneProgress(token)
        reporter.begin('Promptscope', 0, message, true)
      }
      if (fraction === null) reporter.report(message)
      else reporter.report(Math.round(fraction * 100), message)
    },
    done: () => reporter?.done(),
  }
}
