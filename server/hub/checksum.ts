// The two checksums by which the hub names a file's content: SHA-256 of large files, and what git calls a blob's hash.
import { createHash, type Hash } from 'node:crypto'

/** A hash to feed the content's bytes; its hex digest is to equal `checksum`. Git hashes `blob <size>\0` before them. */
export function startChecksum(checksum: string, size: number): Hash {
  return checksum.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`)
}
