// How much room quantised weights may take, as the environment says it.
import { InputError } from '../protocol/errors'

/** PROMPTSCOPE_CACHE_LIMIT, in gigabytes, as bytes; null without one. Throws InputError when it is no number above 0. */
export function cacheLimitBytes(variables: Readonly<Record<string, string | undefined>> = process.env): number | null {
  const text = variables['PROMPTSCOPE_CACHE_LIMIT']?.trim() ?? ''
  if (text === '') return null
  const gigabytes = Number(text)
  if (!(gigabytes > 0 && gigabytes < Infinity)) throw new InputError(`PROMPTSCOPE_CACHE_LIMIT is "${text}", which is no number of gigabytes`, 'write for example 20')
  return gigabytes * 1e9
}
