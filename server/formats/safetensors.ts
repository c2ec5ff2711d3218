// Reads and writes safetensors files: the header into tensor entries, every claim in it checked; no weight is read.
// Format: https://github.com/huggingface/safetensors#format
import { InputError } from '../protocol/errors'
import type { ByteSource } from './byteSource'
import { scanJson } from './jsonScan'
import { quote, quoteValue } from './quote'
import { DTYPE_BYTES, rowMajorStride, type TensorDtype, type TensorEntry } from './tensorEntry'

/** The format's own limit on the header, in bytes. */
const HEADER_LIMIT = 100_000_000

/** Far above what checkpoints have: Qwen3-30B-A3B names 18,867 tensors in all its shards together. */
const TENSOR_LIMIT = 200_000
const DEPTH_LIMIT = 8

/** A header takes some 100 bytes per tensor, and metadata may be long. */
const PLAIN_HEADER_BYTES = 16 * 1024 * 1024
const BYTES_PER_TENSOR = 4096

const DAMAGED = 'download or copy the file again'
const FOREIGN = 'choose a safetensors file'

export interface SafetensorsFile {
  readonly tensors: Map<string, TensorEntry>
  readonly metadata: Readonly<Record<string, string>>
}

/** Throws InputError that names the file, and the tensor where there is one, when anything in the header cannot be true. */
export async function readSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const { header, dataStart } = await readHeader(source)
  const tensors = new Map<string, TensorEntry>()
  let metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(source, value)
    else tensors.set(name, readEntry(source, name, value, dataStart))
  }
  refuseOverlaps(source, tensors)
  return { tensors, metadata }
}

/** A float32 tensor to be written, row-major. */
export interface Float32Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A whole safetensors file of float32 tensors, in the given order. */
export function writeSafetensors(tensors: readonly Float32Tensor[]): Uint8Array {
  const header = safetensorsHeader(tensors)
  const bytes = new Uint8Array(header.length + tensors.reduce((sum, { data }) => sum + data.byteLength, 0))
  bytes.set(header)
  let offset = header.length
  for (const { data } of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset)
    offset += data.byteLength
  }
  return bytes
}

/** What stands in a safetensors file before the first tensor's bytes; for writers that stream the tensors after it. */
export function safetensorsHeader(tensors: readonly Float32Tensor[]): Uint8Array {
  let end = 0
  const entries = tensors.map(({ name, shape, data }) => {
    if (shape.reduce((a, b) => a * b, 1) !== data.length) throw new RangeError(`tensor ${name} has ${data.length} numbers for shape [${shape.join(', ')}]`)
    const start = end
    end += data.byteLength
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }]
  })
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const length = Math.ceil(json.length / 8) * 8 // the data starts at a multiple of 8 bytes
  const bytes = new Uint8Array(8 + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  return bytes
}

async function readHeader(source: ByteSource): Promise<{ header: Record<string, unknown>; dataStart: number }> {
  if (source.size < 10) throw new InputError(`${source.name} is ${source.size} bytes long, too short for a safetensors file`, DAMAGED)
  const lead = await source.read(0, 9)
  const length = new DataView(lead.buffer, lead.byteOffset).getBigUint64(0, true)
  if (lead[8] !== 0x7b) throw new InputError(`${source.name} is not a safetensors file`, FOREIGN)
  if (length > BigInt(HEADER_LIMIT)) throw new InputError(`${source.name} claims a header of ${length} bytes, more than the limit of ${HEADER_LIMIT}`, FOREIGN)
  const dataStart = 8 + Number(length)
  if (dataStart > source.size) throw new InputError(`${source.name} is truncated: its header needs ${dataStart} bytes and the file has ${source.size}`, DAMAGED)
  return { header: parseHeader(source, await source.read(8, Number(length))), dataStart }
}

function parseHeader(source: ByteSource, bytes: Uint8Array): Record<string, unknown> {
  const { depth, members } = scanJson(bytes)
  if (depth > DEPTH_LIMIT) throw new InputError(`${source.name} has a header that is nested ${depth} deep`, DAMAGED)
  if (members[1]! > TENSOR_LIMIT) throw new InputError(`${source.name} names ${members[1]} tensors, more than the limit of ${TENSOR_LIMIT}`, FOREIGN)
  if (bytes.length > PLAIN_HEADER_BYTES + members[1]! * BYTES_PER_TENSOR) throw new InputError(`${source.name} has a header of ${bytes.length} bytes for ${members[1]} tensors`, FOREIGN)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new InputError(`${source.name} has a header that is not JSON`, DAMAGED)
  }
  if (!isRecord(header)) throw new InputError(`${source.name} has a header that is not a JSON object`, DAMAGED)
  // JSON.parse keeps the last of several members of one name, without a word.
  if (members[1]! + members[2]! !== keysKept(header)) throw new InputError(`${source.name} has a header that names something twice`, DAMAGED)
  return header
}

function keysKept(header: Record<string, unknown>): number {
  const values = Object.values(header)
  return values.length + values.reduce<number>((sum, value) => sum + (isRecord(value) ? Object.keys(value).length : 0), 0)
}

function readMetadata(source: ByteSource, value: unknown): Record<string, string> {
  if (!isRecord(value) || !Object.values(value).every((entry) => typeof entry === 'string')) {
    throw new InputError(`${source.name} has __metadata__ that is not a map of strings`, DAMAGED)
  }
  return value as Record<string, string>
}

function readEntry(source: ByteSource, name: string, value: unknown, dataStart: number): TensorEntry {
  const subject = `${source.name} tensor ${quote(name)}`
  if (!isRecord(value)) throw new InputError(`${subject} is not described by an object`, DAMAGED)
  const { dtype, shape, data_offsets: offsets } = value
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw new InputError(`${subject} has the dtype ${quoteValue(dtype)}, which is not supported`, 'convert it to BF16, F16 or F32')
  }
  if (!isCountArray(shape) || shape.length > 32) throw new InputError(`${subject} has the shape ${quoteValue(shape)}, which is not a list of sizes`, DAMAGED)
  if (!isCountArray(offsets) || offsets.length !== 2) throw new InputError(`${subject} has the data_offsets ${quoteValue(offsets)}, which are not two positions`, DAMAGED)
  const [start, end] = offsets as [number, number]
  if (end < start) throw new InputError(`${subject} has the data_offsets ${start}..${end}, which run backwards`, DAMAGED)
  const expected = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype as TensorDtype])
  if (end - start !== expected) {
    throw new InputError(`${subject} has ${end - start} bytes where ${dtype} [${shape.join(', ')}] needs ${expected}`, DAMAGED)
  }
  if (dataStart + end > source.size) {
    throw new InputError(`${source.name} is truncated: tensor ${quote(name)} ends at byte ${dataStart + end} and the file has ${source.size}`, DAMAGED)
  }
  return { name, dtype: dtype as TensorDtype, shape, stride: rowMajorStride(shape), offset: dataStart + start, length: end - start }
}

function refuseOverlaps(source: ByteSource, tensors: ReadonlyMap<string, TensorEntry>): void {
  const byOffset = [...tensors.values()].filter(({ length }) => length > 0).sort((a, b) => a.offset - b.offset)
  for (let i = 1; i < byOffset.length; i++) {
    const [before, after] = [byOffset[i - 1]!, byOffset[i]!]
    if (before.offset + before.length > after.offset) {
      throw new InputError(`${source.name} tensor ${quote(after.name)} overlaps tensor ${quote(before.name)}`, DAMAGED)
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCountArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && (entry as number) >= 0)
}
