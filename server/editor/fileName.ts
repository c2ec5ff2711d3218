// The last part of a document's address, for people.

/** `greeting.prompt` of `file:///prompts/greeting.prompt`. */
export function fileNameOf(uri: string): string {
  const path = uri.replace(/[?#].*$/, '')
  const last = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf(':')) + 1)
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}
