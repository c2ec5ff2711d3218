// What tells one set of weight files from another without reading them whole.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { withFile } from './fileSource'

const SAMPLES = 64
const SAMPLE_BYTES = 4096
/** The beginning of a file that holds its header, or most of a very long one. */
const HEADER_BYTES = 1024 * 1024

/**
 * A digest of every file's size, time of change, beginning (the header) and of samples spread over it. A file that
 * was written anew counts as another, even with the same bytes.
 */
export async function weightsIdentity(files: Iterable<string>): Promise<string> {
  const digests: string[] = []
  for (const file of new Set(files)) digests.push(await fileDigest(file))
  return createHash('sha256').update(digests.sort().join()).digest('hex')
}

async function fileDigest(file: string): Promise<string> {
  const { mtimeNs } = await stat(file, { bigint: true })
  return withFile(file, 'open the model again', async (source) => {
    const { size } = source
    const hash = createHash('sha256').update(`${size} ${mtimeNs} `)
    hash.update(await source.read(0, Math.min(size, HEADER_BYTES)))
    const last = size - Math.min(size, SAMPLE_BYTES)
    for (let sample = 1; sample <= SAMPLES; sample++) hash.update(await source.read(Math.floor((last * sample) / SAMPLES), Math.min(size, SAMPLE_BYTES)))
    return hash.digest('hex')
  })
}
