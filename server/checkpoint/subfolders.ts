// The folders in a folder.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Paths of its folders and links, sorted, without hidden ones; none where it cannot be read. */
export async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.')).map(({ name }) => join(folder, name)).sort()
}
