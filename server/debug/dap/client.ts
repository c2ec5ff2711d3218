// What the client said of itself in `initialize`: how it counts lines, writes paths, and which events it takes.
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ClientCounting } from '../textPosition'
import type { RequestFields } from './requestFields'

export interface Client extends ClientCounting {
  /** Whether paths of files are written as `file:` addresses. */
  readonly usesUris: boolean
  readonly takesProgress: boolean
  readonly takesInvalidated: boolean
  readonly takesMemoryEvents: boolean
}

/** Throws InputError for fields of the wrong type; any path format but "uri" is taken for native paths. */
export function readClient(fields: RequestFields): Client {
  const pathFormat = fields.textOrNull('pathFormat') ?? 'path'
  return {
    linesStartAt1: fields.flagUnlessFalse('linesStartAt1'),
    columnsStartAt1: fields.flagUnlessFalse('columnsStartAt1'),
    usesUris: pathFormat === 'uri',
    takesProgress: fields.flag('supportsProgressReporting'),
    takesInvalidated: fields.flag('supportsInvalidatedEvent'),
    takesMemoryEvents: fields.flag('supportsMemoryEvent'),
  }
}

/** A file's path as the client writes it. */
export function pathForClient(path: string, client: Client): string {
  return client.usesUris ? pathToFileURL(path).href : path
}

/** A path of the client as this machine writes it; addresses that are no files stay as they are. */
export function pathOfClient(path: string): string {
  if (!path.startsWith('file:')) return path
  try {
    return fileURLToPath(path)
  } catch {
    return path
  }
}
