// Reads a file of the user's that should be text, with every reason why it cannot be one in a sentence.
import { open } from 'node:fs/promises'
import { checkPromptSize } from '../formats/promptSize'
import { decodeUtf8 } from '../formats/utf8Text'
import { InputError } from '../protocol/errors'

/** The file's text; `subject` is what it is called when it cannot be read, for example `prompt file`. Throws InputError, also when it is too large for a prompt. */
export async function readTextFile(subject: string, path: string): Promise<string> {
  return decodeUtf8(await readBytes(subject, path), `${subject} ${path}`)
}

async function readBytes(subject: string, path: string): Promise<Uint8Array> {
  try {
    const file = await open(path)
    try {
      checkPromptSize((await file.stat()).size, `${subject} ${path}`)
      return await file.readFile()
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof InputError) throw error
    const code = (error as NodeJS.ErrnoException).code
    const reason = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code ?? String(error)})`
    throw new InputError(`${subject} ${path} ${reason}`, 'name a text file')
  }
}
