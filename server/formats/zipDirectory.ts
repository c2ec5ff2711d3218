// Lists the entries of a ZIP archive with where their bytes lie, ZIP64 included; decompresses nothing.
// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import { InputError } from '../protocol/errors'
import type { ByteSource } from './byteSource'
import { quote } from './quote'

const DAMAGED = 'download or copy the file again'

/** Most bytes of central directory and most entries that are read: far beyond any checkpoint. */
const DIRECTORY_LIMIT = 64 * 1024 * 1024
const ENTRY_LIMIT = 100_000

const END_OF_DIRECTORY = 0x06054b50
const ZIP64_LOCATOR = 0x07064b50
const ZIP64_END_OF_DIRECTORY = 0x06064b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_HEADER = 0x04034b50
const ZIP64_EXTRA = 1

/** One entry. `stored` is true when its bytes lie in the archive as they are; `headerOffset` is that of its local header. */
export interface ZipEntry {
  readonly name: string
  readonly stored: boolean
  /** Uncompressed bytes. */
  readonly size: number
  readonly headerOffset: number
}

/** Entries by name. Throws InputError when the bytes are not a ZIP archive or its directory cannot be true. */
export async function readZipDirectory(source: ByteSource): Promise<Map<string, ZipEntry>> {
  const { offset, size, count } = await findDirectory(source)
  if (size > DIRECTORY_LIMIT || count > ENTRY_LIMIT) throw new InputError(`${source.name} has an archive directory of ${count} entries in ${size} bytes, beyond any checkpoint`, DAMAGED)
  if (offset + size > source.size) throw new InputError(`${source.name} is truncated: its archive directory ends at byte ${offset + size} and the file has ${source.size}`, DAMAGED)
  const view = viewOf(await source.read(offset, size))
  const entries = new Map<string, ZipEntry>()
  for (let at = 0, index = 0; index < count; index++) {
    if (at + 46 > size || view.getUint32(at, true) !== DIRECTORY_ENTRY) throw new InputError(`${source.name} has a damaged archive directory at entry ${index}`, DAMAGED)
    const { entry, length } = readDirectoryEntry(source, view, at)
    if (entries.has(entry.name)) throw new InputError(`${source.name} has two entries named ${quote(entry.name)}`, DAMAGED)
    entries.set(entry.name, entry)
    at += length
  }
  return entries
}

/** Where a stored entry's bytes begin in the archive. Throws InputError when it is compressed or does not lie in the file. */
export async function zipDataOffset(source: ByteSource, entry: ZipEntry): Promise<number> {
  if (!entry.stored) throw new InputError(`${source.name} entry ${quote(entry.name)} is compressed, which torch.save never does`, 'save the file again with torch.save')
  if (entry.headerOffset + 30 > source.size) throw new InputError(`${source.name} is truncated before its entry ${quote(entry.name)}`, DAMAGED)
  const view = viewOf(await source.read(entry.headerOffset, 30))
  if (view.getUint32(0, true) !== LOCAL_HEADER) throw new InputError(`${source.name} has no entry ${quote(entry.name)} where its directory says`, DAMAGED)
  const offset = entry.headerOffset + 30 + view.getUint16(26, true) + view.getUint16(28, true)
  if (offset + entry.size > source.size) throw new InputError(`${source.name} is truncated: entry ${quote(entry.name)} ends at byte ${offset + entry.size} and the file has ${source.size}`, DAMAGED)
  return offset
}

async function findDirectory(source: ByteSource): Promise<{ offset: number; size: number; count: number }> {
  const tailLength = Math.min(source.size, 22 + 0xffff)
  const tailStart = source.size - tailLength
  const view = viewOf(await source.read(tailStart, tailLength))
  for (let at = tailLength - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== END_OF_DIRECTORY || at + 22 + view.getUint16(at + 20, true) !== tailLength) continue
    const directory = { count: view.getUint16(at + 10, true), size: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true) }
    if (directory.count !== 0xffff && directory.size !== 0xffffffff && directory.offset !== 0xffffffff) return directory
    return (await findZip64Directory(source, tailStart + at - 20)) ?? directory
  }
  throw new InputError(`${source.name} is truncated or no ZIP archive: it has no archive directory at its end`, 'choose a file written by torch.save, or download it again')
}

async function findZip64Directory(source: ByteSource, locatorOffset: number): Promise<{ offset: number; size: number; count: number } | null> {
  if (locatorOffset < 0) return null
  const locator = viewOf(await source.read(locatorOffset, 20))
  if (locator.getUint32(0, true) !== ZIP64_LOCATOR) return null
  const endOffset = uint64(source, locator, 8)
  if (endOffset + 56 > source.size) throw new InputError(`${source.name} is truncated before its archive directory`, DAMAGED)
  const end = viewOf(await source.read(endOffset, 56))
  if (end.getUint32(0, true) !== ZIP64_END_OF_DIRECTORY) throw new InputError(`${source.name} has a damaged archive directory`, DAMAGED)
  return { count: uint64(source, end, 32), size: uint64(source, end, 40), offset: uint64(source, end, 48) }
}

function readDirectoryEntry(source: ByteSource, view: DataView, at: number): { entry: ZipEntry; length: number } {
  const flags = view.getUint16(at + 8, true)
  const method = view.getUint16(at + 10, true)
  const nameLength = view.getUint16(at + 28, true)
  const extraLength = view.getUint16(at + 30, true)
  const length = 46 + nameLength + extraLength + view.getUint16(at + 32, true)
  if (at + length > view.byteLength) throw new InputError(`${source.name} has a damaged archive directory`, DAMAGED)
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength))
  if (flags & 1) throw new InputError(`${source.name} entry ${quote(name)} is encrypted`, 'save the file again with torch.save')
  const fields = { compressed: view.getUint32(at + 20, true), size: view.getUint32(at + 24, true), headerOffset: view.getUint32(at + 42, true) }
  readZip64Extra(source, new DataView(view.buffer, view.byteOffset + at + 46 + nameLength, extraLength), fields)
  if (method === 0 && fields.compressed !== fields.size) throw new InputError(`${source.name} entry ${quote(name)} claims ${fields.size} bytes and holds ${fields.compressed}`, DAMAGED)
  return { entry: { name, stored: method === 0, size: fields.size, headerOffset: fields.headerOffset }, length }
}

/** Replaces the fields that hold 0xffffffff by their 64-bit values, which follow in this order, those only. */
function readZip64Extra(source: ByteSource, extra: DataView, fields: { compressed: number; size: number; headerOffset: number }): void {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== ZIP64_EXTRA) continue
    const end = Math.min(extra.byteLength, at + 4 + extra.getUint16(at + 2, true))
    let next = at + 4
    for (const field of ['size', 'compressed', 'headerOffset'] as const) {
      if (fields[field] !== 0xffffffff || next + 8 > end) continue
      fields[field] = uint64(source, extra, next)
      next += 8
    }
    return
  }
}

function uint64(source: ByteSource, view: DataView, at: number): number {
  const value = view.getBigUint64(at, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InputError(`${source.name} has a damaged archive directory`, DAMAGED)
  return Number(value)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
