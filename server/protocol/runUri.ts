// The address of a run document: the one place that knows its form, for the worker and the extension.

export const RUN_SCHEME = 'promptscope-run'

/**
 * The address of a run's document: `promptscope-run:/promptscope-run/<id>/greeting.prompt%20%233`.
 * The first folder lets the editor choose the document's language by its path; the last part is the tab's title.
 */
export function runUri(run: { readonly id: string; readonly name: string }): string {
  return `${RUN_SCHEME}:/${RUN_SCHEME}/${encodeURIComponent(run.id)}/${encodeURIComponent(run.name)}`
}

/** The id of the run that an address means, or null when it is not a run document's. */
export function parseRunUri(uri: string): string | null {
  const match = /^promptscope-run:\/promptscope-run\/([^/?#]+)\/[^?#]+/.exec(uri)
  return match ? decodeURIComponent(match[1]!) : null
}
