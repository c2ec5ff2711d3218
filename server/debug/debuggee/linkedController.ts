// A controller that also aborts with others, and lets go of them when its work is done: sources that live long gather nothing.

/** `unlink` must be called once, however the work ends. */
export function linkedController(sources: readonly AbortSignal[]): { readonly controller: AbortController; readonly unlink: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  for (const source of sources) {
    if (source.aborted) abort()
    else source.addEventListener('abort', abort)
  }
  return { controller, unlink: () => sources.forEach((source) => source.removeEventListener('abort', abort)) }
}
