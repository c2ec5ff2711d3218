// Writes a file so that after a crash it holds either the old bytes or the new ones, and sets damaged files aside.
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

let nextTemporary = 0

/** Replaces `path` by a text, or by pieces of text and bytes; creates its folder when needed. */
export async function writeFileAtomically(path: string, content: string | readonly (string | Uint8Array)[]): Promise<void> {
  const temporary = `${path}.${process.pid}.${nextTemporary++}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    const file = await open(temporary, 'w')
    try {
      for (const piece of typeof content === 'string' ? [content] : content) await file.appendFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Renames a file that cannot be read so that it ends in `.damaged`, and answers with its new path. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.${Date.now().toString(36)}${(nextTemporary++).toString(36)}.damaged`
  await rename(path, aside)
  return aside
}

/** Whether an error says that the file does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
