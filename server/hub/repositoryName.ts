// Reads what a user types for a repository on the hub: `Org/Name` or the address of its page.
import { quote } from '../formats/quote'
import { InputError } from '../protocol/errors'

export interface RepositoryName {
  /** `Org/Name`. */
  readonly repository: string
  /** A branch, tag or commit when the address names one. */
  readonly revision: string | null
}

// The hub allows letters, digits, `-`, `_` and `.`, neither `--` nor `..`, nothing of these first or last.
const PART = /^(?!.*(--|\.\.))[A-Za-z0-9_]([\w.-]*[A-Za-z0-9_])?$/
const PAGE = /^https?:\/\/[^/]+\/([^/]+\/[^/]+?)(?:\/(?:tree|blob|resolve)\/([^/?#]+)(?:\/[^?#]*)?)?\/?(?:[?#].*)?$/

/** Throws InputError for what can be no repository. */
export function readRepositoryName(text: string): RepositoryName {
  const page = PAGE.exec(text.trim())
  const repository = page ? page[1]! : text.trim()
  const parts = repository.split('/')
  if (parts.length !== 2 || !parts.every((part) => part.length <= 96 && PART.test(part))) {
    throw new InputError(`repository ${quote(text)} is no name on the hub`, 'write it as Org/Name, for example Qwen/Qwen3-1.7B')
  }
  const revision = page?.[2] === undefined ? null : checkRevision(decodeURIComponent(page[2]))
  return { repository, revision }
}

/** The revision itself. Throws InputError for what can be no branch, tag or commit: it becomes the name of a file in the cache. */
export function checkRevision(revision: string): string {
  const isName = revision.length <= 200 && /^[\w.+-]+(\/[\w.+-]+)*$/.test(revision) && !revision.split('/').some((part) => part.startsWith('.') || part.endsWith('.'))
  if (!isName) throw new InputError(`revision ${quote(revision)} is no branch, tag or commit`, 'use main or the name that the hub shows')
  return revision
}
