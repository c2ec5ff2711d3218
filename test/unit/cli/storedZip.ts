// Writes a zip archive whose entries are stored uncompressed, as torch.save does.
import { crc32 } from 'node:zlib'

export function writeStoredZip(entries: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, content] of Object.entries(entries)) {
    const name = Buffer.from(path)
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(crc32(content), 0)
    sizes.writeUInt32LE(content.length, 4)
    sizes.writeUInt32LE(content.length, 8)
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0]), sizes, u16(name.length), u16(0), name, content])
    directory.push(Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0]), sizes, u16(name.length), Buffer.alloc(12), u32(offset), name]))
    parts.push(local)
    offset += local.length
  }
  const listing = Buffer.concat(directory)
  const count = Object.keys(entries).length
  return Buffer.concat([...parts, listing, Buffer.from([0x50, 0x4b, 5, 6, 0, 0, 0, 0]), u16(count), u16(count), u32(listing.length), u32(offset), u16(0)])
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
