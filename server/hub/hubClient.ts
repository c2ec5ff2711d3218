// Asks the hub over HTTP: the token goes to the endpoint only, redirects are followed by hand, failures become sentences with a way out.
import { CancelledError, InputError } from '../protocol/errors'
import { failureOf, unreachable } from './hubFailure'
import type { HubSettings } from './hubSettings'

/** What the client does not do itself, so that tests need neither time nor a network. */
export interface HubParts {
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Resolves after so many milliseconds, or rejects with CancelledError when the signal aborts. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>
}

export interface HubClient {
  readonly endpoint: string
  /**
   * An answer of status 200, 206 or 416, redirects followed. Tries again after a dropped connection, 429 and 5xx. Rejects with InputError for
   * anything else, CancelledError when the signal aborts. `about` is the subject of the message: `Qwen/Qwen3-1.7B`.
   */
  get(url: string, about: string, signal: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<Response>
}

/** Tries in a row; the waits between them add up to about half a minute. */
export const MOST_TRIES = 6
const MOST_REDIRECTS = 8
/** A server that asks for more patience than this is told to the user instead. */
const LONGEST_WAIT_MS = 5 * 60_000

export function createHubClient({ endpoint, token, isOffline }: HubSettings, parts: HubParts): HubClient {
  const home = new URL(endpoint)

  async function get(url: string, about: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    if (isOffline) throw new InputError('HF_HUB_OFFLINE is set, so the hub is not asked', 'unset it to download, or use what is on disk')
    for (let tries = 1; ; tries++) {
      let response: Response
      try {
        response = await follow(url, headers, signal)
      } catch (error) {
        if (signal.aborted) throw new CancelledError()
        if (error instanceof InputError) throw error
        if (tries >= MOST_TRIES) throw unreachable(endpoint, error)
        await parts.wait(backoff(tries), signal)
        continue
      }
      if (response.ok || response.status === 416) return response
      const asked = retryAfter(response)
      const isPassing = response.status === 408 || response.status === 429 || response.status >= 500
      if (!isPassing || tries >= MOST_TRIES || (asked ?? 0) > LONGEST_WAIT_MS) throw await failureOf(response, { about, endpoint, hasToken: token !== null, retryAfterMs: asked })
      await response.body?.cancel()
      await parts.wait(asked ?? backoff(tries), signal)
    }
  }

  /** The token never leaves the endpoint: the hub sends large files from other hosts, whose addresses carry their own permission. */
  async function follow(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    let at = new URL(url)
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const authorization = token !== null && at.origin === home.origin ? { authorization: `Bearer ${token}` } : {}
      // Bytes are counted and compared, so they must come as they are stored.
      const response = await parts.fetch(at.href, { headers: { 'user-agent': 'promptscope', 'accept-encoding': 'identity', ...headers, ...authorization }, redirect: 'manual', signal })
      const location = response.headers.get('location')
      if (response.status < 300 || response.status >= 400 || location === null) return response
      await response.body?.cancel()
      if (!URL.canParse(location, at.href)) throw new InputError(`${endpoint} answered with the address "${location.slice(0, 80)}", which is none`, 'check HF_ENDPOINT')
      const next = new URL(location, at)
      if (!/^https?:$/.test(next.protocol) || (home.protocol === 'https:' && next.protocol !== 'https:')) {
        throw new InputError(`${endpoint} sends on to ${next.protocol}//${next.host}, which is not safe`, 'check HF_ENDPOINT')
      }
      at = next
    }
    throw new InputError(`${endpoint} sends on without an end`, 'check HF_ENDPOINT')
  }

  return { endpoint, get }
}

/** 0.5 s, 1 s, 2 s, … at most 16 s. */
export function backoff(tries: number): number {
  return Math.min(16_000, 250 * 2 ** tries)
}

/** Milliseconds that the server asks to wait, as seconds or a date; null when it does not say. */
function retryAfter({ headers }: Response): number | null {
  const text = headers.get('retry-after')
  if (text === null) return null
  const seconds = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null
}
