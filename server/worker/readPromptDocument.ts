// A prompt file by its path: as an editor has it open, saved or not, else as it is on disk.
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { TextDocument } from 'vscode-languageserver-textdocument'
import { readTextFile } from './readTextFile'

/** The text, and the address as the editor writes it, by which its runs are found. Throws InputError for a file that cannot be read. */
export async function readPromptDocument(path: string, open: readonly Pick<TextDocument, 'uri' | 'getText'>[]): Promise<{ readonly uri: string; readonly text: string }> {
  const document = open.find(({ uri }) => pathOf(uri) === resolve(path))
  if (document) return { uri: document.uri, text: document.getText() }
  return { uri: pathToFileURL(path).href, text: await readTextFile('prompt file', path) }
}

/** Null for what is no file. */
function pathOf(uri: string): string | null {
  try {
    return uri.startsWith('file:') ? fileURLToPath(uri) : null
  } catch {
    return null
  }
}
