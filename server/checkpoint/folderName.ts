// What a model or SAE folder is called for people.
import { basename, dirname } from 'node:path'
import { withPoints } from './modelCaches'

/** Names that say nothing without their parent's. */
const GENERIC = ['model', 'sae']

/** `Qwen/Qwen3-1.7B` for a snapshot in a Hugging Face cache, `models--Qwen--Qwen3-1.7B/snapshots/…`; null for any other folder. */
export function cachedRepositoryName(path: string): string | null {
  const [, owner, name] = /(?:^|[\\/])models--([^\\/]+?)--([^\\/]+)[\\/]snapshots[\\/][^\\/]+[\\/]?$/.exec(path) ?? []
  return owner === undefined ? null : `${owner}/${name}`
}

/** The folder's own name, `demo/model` where that says nothing; for a snapshot in a Hugging Face cache, `models--Qwen--Qwen3-1.7B/snapshots/…`, the repository's. */
export function folderName(path: string): string {
  const parent = dirname(path)
  if (GENERIC.includes(basename(path))) return `${basename(parent)}/${basename(path)}`
  if (basename(parent) !== 'snapshots') return withPoints(basename(path))
  return basename(dirname(parent)).split('--').at(-1) ?? basename(path)
}
