// Which hub is asked, as whom, and where what it sends is kept: the variables that Hugging Face's own libraries obey.
import { resolve } from 'node:path'
import { hubCacheFolder, type Environment } from '../formats/hubCache'
import { quote } from '../formats/quote'
import { InputError } from '../protocol/errors'

export interface HubSettings {
  /** Address without a slash at the end. */
  readonly endpoint: string
  /** Sent to the endpoint and to no other host; null for none. */
  readonly token: string | null
  /** Absolute. */
  readonly cache: string
  /** The user wants no connection. */
  readonly isOffline: boolean
}

const HUB = 'https://huggingface.co'

/** Throws InputError when HF_ENDPOINT is no address. */
export function hubSettings(env: Environment, home: string): HubSettings {
  return {
    endpoint: readEndpoint(env['HF_ENDPOINT'] || HUB),
    token: env['HF_TOKEN']?.trim() || null,
    cache: resolve(hubCacheFolder(env, home)),
    isOffline: isOn(env['HF_HUB_OFFLINE']) || isOn(env['TRANSFORMERS_OFFLINE']),
  }
}

function readEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) throw new InputError(`HF_ENDPOINT ${quote(text)} is no address`, `set it to one such as ${HUB}, or unset it`)
  if (url.username || url.password) throw new InputError('HF_ENDPOINT holds a user name or password', 'leave them out and set HF_TOKEN')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

function isOn(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((value ?? '').toUpperCase())
}
