// Typed calls over any pair of `postMessage` functions: panel to host, worker to engine process.
// Every call is answered exactly once, also when the handler throws or the method is unknown; closing rejects what waits.
import { fromErrorData, toErrorData, type ErrorData } from './errors'

/** The methods of T, each as a message that names it and carries its arguments. */
export interface Call {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}
export type Reply = { readonly id: number; readonly ok: unknown } | { readonly id: number; readonly error: ErrorData }

/** An object all of whose members are async methods. */
export type AsyncMethods<T> = { readonly [K in keyof T]: (...args: never[]) => Promise<unknown> }

export interface Caller<T> {
  /** Calling a method sends it and settles when the reply arrives. */
  readonly api: T
  receive(reply: Reply): void
  /** Rejects everything that still waits, and every later call. */
  close(reason: Error): void
}

/** Returns an object whose methods send their call over `send`. */
export function connect<T extends AsyncMethods<T>>(send: (call: Call) => void): Caller<T> {
  const pending = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>()
  let nextId = 1
  let closed: Error | null = null
  const call = (method: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(closed)
      const id = nextId++
      pending.set(id, { resolve, reject })
      send({ id, method, args })
    })
  const api = new Proxy({} as T, {
    // An awaited proxy must not look like a promise.
    get: (_target, method) => (typeof method !== 'string' || method === 'then' ? undefined : (...args: unknown[]) => call(method, args)),
  })
  return {
    api,
    receive(reply) {
      const waiting = pending.get(reply.id)
      pending.delete(reply.id)
      if ('error' in reply) waiting?.reject(fromErrorData(reply.error))
      else waiting?.resolve(reply.ok)
    },
    close(reason) {
      closed = reason
      for (const { reject } of pending.values()) reject(reason)
      pending.clear()
    },
  }
}

/** Runs one call against `handlers` and sends its reply. Never rejects. */
export async function answer<T extends AsyncMethods<T>>(handlers: T, call: Call, send: (reply: Reply) => void): Promise<void> {
  try {
    const handler = Object.hasOwn(handlers, call.method) ? (handlers as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[call.method] : undefined
    if (!handler) throw new Error(`method ${call.method} does not exist`)
    send({ id: call.id, ok: await handler(...call.args) })
  } catch (error) {
    send({ id: call.id, error: toErrorData(error) })
  }
}

export function isReply(message: Call | Reply): message is Reply {
  return !('method' in message)
}
