// Puts text from a file into an error message: quoted, control characters escaped, long text cut.

/** `text` in double quotes, on one line, at most about `limit` characters of it. */
export function quote(text: string, limit = 80): string {
  return JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text)
}

/** Any JSON value as it is written, texts in quotes, cut like `quote`. */
export function quoteValue(value: unknown, limit = 80): string {
  if (typeof value === 'string') return quote(value, limit)
  const json = JSON.stringify(value) ?? 'nothing'
  return json.length > limit ? `${json.slice(0, limit)}…` : json
}
