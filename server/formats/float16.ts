// Turns stored numbers into float32: bfloat16, IEEE half precision, and whole tensors whatever their strides.
import { InputError } from '../protocol/errors'
import type { ByteSource } from './byteSource'
import { quote } from './quote'
import { DTYPE_BYTES, isRowMajor, type TensorDtype, type TensorEntry } from './tensorEntry'

/** Bytes per read: large enough for full disk speed, small enough not to matter in memory. A multiple of every dtype's width. */
const CHUNK_BYTES = 8 * 1024 * 1024

/** From this distance in bytes between a line's numbers on, reading each alone moves less than reading what lies between. */
const SPARSE_BYTES = 4096

/** The upper half of a float32, per number. `bytes` are little-endian. */
export function decodeBf16(bytes: Uint8Array): Float32Array {
  const halves = uint16s(bytes)
  const bits = new Uint32Array(halves.length)
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16
  return new Float32Array(bits.buffer)
}

/** IEEE 754 binary16, little-endian, subnormals and infinities included. */
export function decodeF16(bytes: Uint8Array): Float32Array {
  const halves = uint16s(bytes)
  const values = new Float32Array(halves.length)
  const table = f16Table()
  for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]!]!
  return values
}

/** A whole tensor as row-major float32. Throws InputError for dtypes that are not floating point. */
export async function readTensor(source: ByteSource, entry: TensorEntry): Promise<Float32Array> {
  const extent = await readExtent(source, entry)
  if (isRowMajor(entry)) return extent
  const values = new Float32Array(entry.shape.reduce((product, size) => product * size, 1))
  const position = new Array<number>(entry.shape.length).fill(0)
  for (let i = 0, from = 0; i < values.length; i++) {
    values[i] = extent[from]!
    for (let dim = position.length - 1; dim >= 0; dim--) {
      from += entry.stride[dim]!
      if (++position[dim]! < entry.shape[dim]!) break
      from -= entry.stride[dim]! * entry.shape[dim]!
      position[dim] = 0
    }
  }
  return values
}

/** Row `row` of a matrix (rows, columns), as float32. */
export function readRow(source: ByteSource, entry: TensorEntry, row: number): Promise<Float32Array> {
  return readLine(source, entry, 1, row)
}

/** Column `column` of a matrix (rows, columns), as float32: one feature's direction in W_dec. */
export function readColumn(source: ByteSource, entry: TensorEntry, column: number): Promise<Float32Array> {
  return readLine(source, entry, 0, column)
}

/** The numbers along dimension `along` at `index` of the other one. */
async function readLine(source: ByteSource, entry: TensorEntry, along: 0 | 1, index: number): Promise<Float32Array> {
  const count = entry.shape[along]
  const across = entry.shape[1 - along]
  if (entry.shape.length !== 2 || count === undefined || across === undefined) throw new RangeError(`tensor ${entry.name} is no matrix`)
  if (!Number.isInteger(index) || index < 0 || index >= across) throw new RangeError(`tensor ${entry.name} has no line ${index} of ${across}`)
  const width = DTYPE_BYTES[entry.dtype]
  const step = entry.stride[along]! * width
  const start = entry.offset + index * entry.stride[1 - along]! * width
  const perRead = step >= SPARSE_BYTES ? 1 : Math.max(1, Math.floor(CHUNK_BYTES / Math.max(step, 1)))
  const line = new Float32Array(count)
  for (let done = 0; done < count; ) {
    const length = Math.min(perRead, count - done)
    const values = decode(entry, await source.read(start + done * step, (length - 1) * step + width))
    for (let i = 0; i < length; i++) line[done + i] = values[i * entry.stride[along]!]!
    done += length
  }
  return line
}

/** All numbers from the tensor's first to its last as they lie in the file. */
async function readExtent(source: ByteSource, entry: TensorEntry): Promise<Float32Array> {
  const width = DTYPE_BYTES[entry.dtype]
  const values = new Float32Array(entry.length / width)
  for (let done = 0; done < entry.length; done += CHUNK_BYTES) {
    values.set(decode(entry, await source.read(entry.offset + done, Math.min(CHUNK_BYTES, entry.length - done))), done / width)
  }
  return values
}

const DECODERS: { readonly [dtype in TensorDtype]?: (bytes: Uint8Array) => Float32Array } = {
  F32: (bytes) => new Float32Array(new Uint8Array(bytes).buffer),
  F64: (bytes) => Float32Array.from(new Float64Array(new Uint8Array(bytes).buffer)),
  F16: decodeF16,
  BF16: decodeBf16,
}

function decode(entry: TensorEntry, bytes: Uint8Array): Float32Array {
  const decoder = DECODERS[entry.dtype]
  if (!decoder) throw new InputError(`tensor ${quote(entry.name)} has the dtype ${entry.dtype}, which holds no weights`, 'choose a file with float tensors')
  return decoder(bytes)
}

function uint16s(bytes: Uint8Array): Uint16Array {
  if (bytes.byteOffset % 2) bytes = new Uint8Array(bytes)
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1)
}

let table: Float32Array | null = null

/** The value of each of the 65,536 half-precision bit patterns. */
function f16Table(): Float32Array {
  if (table) return table
  table = new Float32Array(0x10000)
  for (let bits = 0; bits < 0x10000; bits++) {
    const exponent = (bits >> 10) & 0x1f
    const fraction = bits & 0x3ff
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : exponent < 31 ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction ? NaN : Infinity
    table[bits] = bits & 0x8000 ? -magnitude : magnitude
  }
  return table
}
