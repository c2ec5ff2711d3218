// Builds ZIP archives of uncompressed entries for tests, with ZIP64 fields or wrong claims on demand.

interface ZipOptions {
  /** All sizes and offsets in ZIP64 fields. */
  readonly zip64?: boolean
  /** The compression method that the archive claims. */
  readonly method?: number
}

/** Checksums are left 0: no reader here looks at them. */
export function storedZip(entries: Readonly<Record<string, Uint8Array>> | readonly (readonly [string, Uint8Array])[], { zip64 = false, method = 0 }: ZipOptions = {}): Uint8Array {
  const out: number[] = []
  const directory: number[] = []
  const list = (Array.isArray(entries) ? entries : Object.entries(entries)) as readonly (readonly [string, Uint8Array])[]
  for (const [name, data] of list) {
    const nameBytes = new TextEncoder().encode(name)
    const offset = out.length
    out.push(...u32(0x04034b50), ...u16(45), ...u16(0), ...u16(method), ...u32(0), ...u32(0), ...u32(data.length), ...u32(data.length), ...u16(nameBytes.length), ...u16(0), ...nameBytes)
    for (const byte of data) out.push(byte)
    const extra = zip64 ? [...u16(1), ...u16(24), ...u64(data.length), ...u64(data.length), ...u64(offset)] : []
    const size = zip64 ? 0xffffffff : data.length
    directory.push(...u32(0x02014b50), ...u16(45), ...u16(45), ...u16(0), ...u16(method), ...u32(0), ...u32(0), ...u32(size), ...u32(size))
    directory.push(...u16(nameBytes.length), ...u16(extra.length), ...u16(0), ...u16(0), ...u16(0), ...u32(0), ...u32(zip64 ? 0xffffffff : offset), ...nameBytes, ...extra)
  }
  const start = out.length
  out.push(...directory)
  if (zip64) {
    const end = out.length
    out.push(...u32(0x06064b50), ...u64(44), ...u16(45), ...u16(45), ...u32(0), ...u32(0), ...u64(list.length), ...u64(list.length), ...u64(directory.length), ...u64(start))
    out.push(...u32(0x07064b50), ...u32(0), ...u64(end), ...u32(1))
  }
  const count = zip64 ? 0xffff : list.length
  out.push(...u32(0x06054b50), ...u16(0), ...u16(0), ...u16(count), ...u16(count), ...u32(zip64 ? 0xffffffff : directory.length), ...u32(zip64 ? 0xffffffff : start), ...u16(0))
  return Uint8Array.from(out)
}

const u16 = (value: number): number[] => [value & 255, (value >> 8) & 255]
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16((value >>> 16) & 0xffff)]
const u64 = (value: number): number[] => [...u32(value), 0, 0, 0, 0]
