// Writes captured logits and residuals as a safetensors file, float32, little-endian, layer by layer.
// Format: https://github.com/huggingface/safetensors#format
import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { InputError } from '../protocol/errors'

export interface DumpTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** Says at once, before a long run, that a dump has no folder to go to. */
export async function checkDumpFolder(path: string): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => null)
  if (!folder?.isDirectory()) throw new InputError(`dump file ${path} has no folder to be written to`, 'name a file in a folder that exists')
}

/** Writes the tensors to `path`, replacing what is there; a path that cannot be written is the user's to correct. */
export async function writeDumpFile(path: string, tensors: readonly DumpTensor[]): Promise<void> {
  const header = Buffer.from(renderHeader(tensors))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  try {
    const file = await open(path, 'w')
    try {
      await file.write(Buffer.concat([length, header]))
      for (const { values } of tensors) await writeAll(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new InputError(`dump file ${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`, 'name a file in a folder that exists and may be written')
  }
}

/** One write call takes less than 2 GiB. */
const WRITE_BYTES = 1 << 30

async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written, Math.min(bytes.length - written, WRITE_BYTES))).bytesWritten
}

function renderHeader(tensors: readonly DumpTensor[]): string {
  let offset = 0
  const entries = tensors.map(({ name, shape, values }) => {
    const start = offset
    offset += values.byteLength
    return [name, { dtype: 'F32', shape, data_offsets: [start, offset] }]
  })
  const header = JSON.stringify(Object.fromEntries(entries))
  // Readers may map the numbers, so they start at a multiple of eight bytes.
  return header.padEnd(Math.ceil(header.length / 8) * 8)
}
