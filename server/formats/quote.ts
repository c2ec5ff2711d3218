// Puts text from a file into an error message: quoted, control characters escaped, long text cut.

/** `text` in double quotes, on one line, at most about `limit` characters of it. */
export function quote(text: string, limit = 80): string {
  return JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text)
}
