// The smallest interface through which file formats are read: a size and a ranged read. Files, test buffers and downloads all fit it.

export interface ByteSource {
  /** What the bytes are called in error messages: a file's path. */
  readonly name: string
  readonly size: number
  /** Exactly `length` bytes from `offset`; rejects when the range does not lie inside the source. */
  read(offset: number, length: number): Promise<Uint8Array>
}

export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => {
      if (offset < 0 || length < 0 || offset + length > bytes.length) throw new RangeError(`${name} has no bytes ${offset}..${offset + length}`)
      return bytes.subarray(offset, offset + length)
    },
  }
}
