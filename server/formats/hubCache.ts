// Where Hugging Face's libraries keep what they download, so that it is shared with Python. Source: huggingface_hub, "Understand caching".

/** Variables of the environment, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The cache folder that the environment names, or the usual one in the user's `home`. */
export function hubCacheFolder(env: Environment, home: string): string {
  const named = env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE']
  if (named) return withHome(named, home)
  const base = env['HF_HOME'] || `${env['XDG_CACHE_HOME'] || `${home}/.cache`}/huggingface`
  return `${withHome(base, home)}/hub`
}

/** The repository's folder in a cache, `models--Qwen--Qwen3-1.7B`; in it lie `blobs`, `refs` and `snapshots`. */
export function hubRepositoryFolder(cache: string, repository: string): string {
  return `${cache}/models--${repository.replaceAll('/', '--')}`
}

function withHome(path: string, home: string): string {
  return path.replace(/^~(?=$|[\\/])/, () => home).replace(/(?<=.)[\\/]+$/, '')
}
