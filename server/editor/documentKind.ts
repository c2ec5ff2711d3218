// What a document is to Promptscope, by its address and, failing that, the language the editor gave it.
import { parseRunUri } from '../protocol/runUri'

/** `plain` is any other text or markdown: it can be run, but nothing is shown in it until it has been. */
export type DocumentKind = 'prompt' | 'plain' | 'steer' | 'run'

/** Null for documents that Promptscope has nothing to say about. */
export function documentKind(uri: string, languageId: string): DocumentKind | null {
  if (parseRunUri(uri) !== null) return 'run'
  const path = uri.replace(/[?#].*$/, '').toLowerCase()
  if (/\.(prompt|prompty|prompt\.md)$/.test(path)) return 'prompt'
  if (path.endsWith('.steer')) return 'steer'
  if (languageId === 'promptscope-prompt') return 'prompt'
  if (languageId === 'promptscope-steer') return 'steer'
  if (/\.(txt|md|markdown)$/.test(path) || languageId === 'plaintext' || languageId === 'markdown') return 'plain'
  return null
}
