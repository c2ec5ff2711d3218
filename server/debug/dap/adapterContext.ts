// What the parts of the adapter share: the client, the session's live half, and the way to send events.
import type { Client } from './client'
import type { Live } from './live'

export interface AdapterContext {
  /** Throws InputError before `initialize`. */
  readonly client: () => Client
  /** Throws InputError before a launch has opened its program, and after the session has ended. */
  readonly live: () => Live
  /** As `live`, null where that throws. */
  readonly liveOrNull: () => Live | null
  readonly sendEvent: (event: string, body?: object) => void
  readonly log: (message: string) => void
}
