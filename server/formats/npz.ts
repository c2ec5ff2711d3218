// Reads numpy's .npz: a ZIP archive of arrays, each with where its numbers lie. No number is read, nothing is executed.
// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
import { InputError } from '../protocol/errors'
import type { ByteSource } from './byteSource'
import { quote } from './quote'
import { DTYPE_BYTES, rowMajorStride, type TensorDtype, type TensorEntry } from './tensorEntry'
import { readZipDirectory, zipDataOffset, type ZipEntry } from './zipDirectory'

const DAMAGED = 'download or copy the file again'
const MAGIC = '\x93NUMPY'

/** Longer than the header of any array of numbers. */
const HEADER_LIMIT = 64 * 1024

const DTYPES: Readonly<Record<string, TensorDtype>> = { '<f4': 'F32', '<f2': 'F16', '<f8': 'F64', '<i8': 'I64', '<i4': 'I32', '<i2': 'I16', '|i1': 'I8', '|u1': 'U8', '|b1': 'BOOL' }

/** Arrays by name, without `.npy`. Throws InputError for compressed archives and for arrays of anything but numbers. */
export async function readNpz(source: ByteSource): Promise<Map<string, TensorEntry>> {
  const tensors = new Map<string, TensorEntry>()
  for (const entry of (await readZipDirectory(source)).values()) {
    if (!entry.name.endsWith('.npy')) continue
    const name = entry.name.slice(0, -'.npy'.length)
    if (!entry.stored) throw new InputError(`${source.name} array ${quote(name)} is compressed`, 'save it with numpy.savez, not savez_compressed')
    tensors.set(name, await readArray(source, name, entry))
  }
  return tensors
}

async function readArray(source: ByteSource, name: string, entry: ZipEntry): Promise<TensorEntry> {
  const subject = `${source.name} array ${quote(name)}`
  const start = await zipDataOffset(source, entry)
  const { text, length } = await readHeader(source, start, entry.size, subject)
  const dtypeName = /'descr': '([^']*)'/.exec(text)?.[1] ?? ''
  const dtype = Object.hasOwn(DTYPES, dtypeName) ? DTYPES[dtypeName]! : null
  if (!dtype) throw new InputError(`${subject} has the dtype ${quote(dtypeName)}, which is not supported`, 'save it as little-endian float32')
  const dims = /'shape': \(([\d, ]*)\)/.exec(text)?.[1]
  if (dims === undefined) throw new InputError(`${subject} has no shape`, DAMAGED)
  const shape = dims.split(',').map((dim) => dim.trim()).filter((dim) => dim !== '').map(Number)
  const bytes = shape.reduce((product, size) => product * size, 1) * DTYPE_BYTES[dtype]
  if (!Number.isSafeInteger(bytes) || length + bytes > entry.size) throw new InputError(`${subject} claims ${bytes} bytes and the archive holds ${entry.size - length}`, DAMAGED)
  // In Fortran's order the first dimension runs fastest.
  const stride = text.includes("'fortran_order': True") ? rowMajorStride([...shape].reverse()).reverse() : rowMajorStride(shape)
  return { name, dtype, shape, stride, offset: start + length, length: bytes }
}

/** The header's text, and its bytes with all that stands before the numbers. */
async function readHeader(source: ByteSource, start: number, size: number, subject: string): Promise<{ readonly text: string; readonly length: number }> {
  if (size < 12) throw new InputError(`${subject} is ${size} bytes long, too short for an array`, DAMAGED)
  const head = await source.read(start, 12)
  if (String.fromCharCode(...head.subarray(0, 6)) !== MAGIC) throw new InputError(`${subject} is no numpy array`, DAMAGED)
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  // Version 1 has two bytes for the length of the text, later ones four.
  const [textStart, textLength] = head[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)]
  if (textLength > HEADER_LIMIT || textStart + textLength > size) throw new InputError(`${subject} has a header of ${textLength} bytes`, DAMAGED)
  return { text: new TextDecoder('latin1').decode(await source.read(start + textStart, textLength)), length: textStart + textLength }
}
