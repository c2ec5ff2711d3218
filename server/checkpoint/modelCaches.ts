// Where the caches of Hugging Face and ModelScope keep what was downloaded: folders, repository names and revisions.
import { readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { hubCacheFolder, type Environment } from '../formats/hubCache'
import { subfolders } from './subfolders'

/** A downloaded repository at one revision. */
export interface CachedRepository {
  readonly source: 'huggingface' | 'modelscope'
  /** `Qwen/Qwen3-1.7B-Base` */
  readonly id: string
  /** Its files. */
  readonly path: string
  /** The commit and the names that point to it; null where the cache keeps none. */
  readonly revision: { readonly commit: string; readonly refs: readonly string[] } | null
}

/** Everything in the caches that the environment names, those of one repository with `main` first; a cache that is not there holds nothing. */
export async function cachedRepositories(variables: Environment = process.env, home = homedir()): Promise<CachedRepository[]> {
  return [...(await inHuggingFaceCache(hubCacheFolder(variables, home))), ...(await inModelScopeCache(modelScopeCache(variables, home)))]
}

function modelScopeCache({ MODELSCOPE_CACHE }: Environment, home: string): string {
  return MODELSCOPE_CACHE || join(home, '.cache', 'modelscope')
}

/** `models--Qwen--Qwen3-1.7B/snapshots/<commit>/`, whose files are links to `../../blobs`; `refs/main` holds the commit that `main` means. */
export async function inHuggingFaceCache(cache: string): Promise<CachedRepository[]> {
  const found: CachedRepository[] = []
  for (const folder of await subfolders(cache)) {
    const [kind, ...parts] = basename(folder).split('--')
    if (kind !== 'models' || parts.length === 0) continue
    const refs = await refsOf(join(folder, 'refs'))
    const revisions = (await subfolders(join(folder, 'snapshots'))).map((path): CachedRepository => {
      const commit = basename(path)
      return { source: 'huggingface', id: parts.join('/'), path, revision: { commit, refs: refs.filter((ref) => ref.commit === commit).map(({ name }) => name) } }
    })
    found.push(...revisions.sort((a, b) => Number(isMain(b)) - Number(isMain(a))))
  }
  return found
}

const isMain = ({ revision }: CachedRepository): boolean => revision?.refs.includes('main') ?? false

/** Names of branches, tags and pull requests (`refs/pr/3` lies in folders), and their commits. */
async function refsOf(folder: string): Promise<{ readonly name: string; readonly commit: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  return Promise.all(files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name)
    return { name: path.slice(folder.length + 1).replaceAll('\\', '/'), commit: (await readFile(path, 'utf8').catch(() => '')).trim() }
  }))
}

/** `<cache>/hub/models/Qwen/Qwen3-1___7B`, without revisions; older versions leave out `models`, or `hub`. */
async function inModelScopeCache(cache: string): Promise<CachedRepository[]> {
  const found: CachedRepository[] = []
  for (const root of [join(cache, 'hub', 'models'), join(cache, 'models'), join(cache, 'hub'), cache]) {
    for (const owner of await subfolders(root)) {
      if (['hub', 'models', 'datasets'].includes(basename(owner))) continue
      for (const path of await subfolders(owner)) found.push({ source: 'modelscope', id: `${basename(owner)}/${withPoints(basename(path))}`, path, revision: null })
    }
  }
  return found
}

/** ModelScope writes the points of a name as three underscores. */
export const withPoints = (name: string): string => name.replaceAll('___', '.')
