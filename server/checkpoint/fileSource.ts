// A file as a ByteSource, and the small reads of whole text and JSON files that opening a folder needs; turns what the disk says into InputErrors.
import { open, realpath, stat, readFile } from 'node:fs/promises'
import type { ByteSource } from '../formats/byteSource'
import { scanJson } from '../formats/jsonScan'
import { InputError } from '../protocol/errors'

/** A file that is open for reading. */
export interface FileSource extends ByteSource {
  /** Real, absolute path. */
  readonly file: string
}

/** Most bytes of a text file: tokenizer.json of Qwen3.5 has 20 MB. */
const TEXT_LIMIT = 64 * 1024 * 1024
const DEPTH_LIMIT = 100

/** Opens the file, hands it to `use` and closes it. Throws InputError with `remedy` when it is missing, no file or not readable. */
export async function withFile<Result>(path: string, remedy: string, use: (source: FileSource) => Promise<Result>): Promise<Result> {
  const { file, size } = await regularFile(path, remedy)
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new InputError(`${path} cannot be read (${errorCode(error)})`, 'check its permissions')
  })
  try {
    return await use({
      name: path,
      file,
      size,
      read: async (offset, length) => {
        if (!(offset >= 0 && length >= 0 && offset + length <= size)) throw new RangeError(`${path} has no bytes ${offset}..${offset + length}`)
        const bytes = new Uint8Array(length)
        for (let done = 0; done < length; ) {
          const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 1 << 30), offset + done)
          if (bytesRead === 0) throw new InputError(`${path} became shorter while it was read`, 'run again when nothing writes to it')
          done += bytesRead
        }
        return bytes
      },
    })
  } finally {
    await handle.close()
  }
}

/** A parsed JSON file. Throws InputError when it is missing or no JSON. */
export async function readJson(path: string, remedy: string): Promise<unknown> {
  const bytes = await readSmallFile(path, remedy)
  const { depth } = scanJson(bytes)
  if (depth > DEPTH_LIMIT) throw new InputError(`${path} is nested ${depth} deep`, 'download or copy the file again')
  try {
    return JSON.parse(decodeText(bytes))
  } catch {
    throw new InputError(`${path} is not JSON`, 'download or copy the file again')
  }
}

/** The same, or undefined when there is no such file. */
export async function readJsonIfThere(path: string, remedy: string): Promise<unknown> {
  return (await isThere(path)) ? readJson(path, remedy) : undefined
}

/** A text file in UTF-8, without its byte order mark. */
export async function readText(path: string, remedy: string): Promise<string> {
  return decodeText(await readSmallFile(path, remedy))
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** The folder's real path. Throws InputError when it is missing or no folder; `what` names it, for example `model folder`. */
export async function realFolder(path: string, what: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (!found) throw new InputError(`${what} ${path} does not exist`, 'check the path')
  if (!found.isDirectory()) throw new InputError(`${what} ${path} is not a folder`, 'choose the folder that holds config.json')
  return realpath(path)
}

async function readSmallFile(path: string, remedy: string): Promise<Uint8Array> {
  const { file, size } = await regularFile(path, remedy)
  if (size > TEXT_LIMIT) throw new InputError(`${path} has ${size} bytes, more than the limit of ${TEXT_LIMIT}`, remedy)
  return readFile(file).catch((error: unknown) => {
    throw new InputError(`${path} cannot be read (${errorCode(error)})`, 'check its permissions')
  })
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

async function regularFile(path: string, remedy: string): Promise<{ file: string; size: number }> {
  const found = await stat(path).catch((error: unknown) => {
    throw new InputError(errorCode(error) === 'ENOENT' ? `${path} is missing` : `${path} cannot be read (${errorCode(error)})`, remedy)
  })
  if (!found.isFile()) throw new InputError(`${path} is not a file`, remedy)
  return { file: await realpath(path), size: found.size }
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
