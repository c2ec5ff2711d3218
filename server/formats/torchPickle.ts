// Reads the ZIP archive that torch.save writes into tensor entries with places in the file. Nothing in the file is executed.
// Layout: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
import { InputError } from '../protocol/errors'
import type { ByteSource } from './byteSource'
import { PICKLE_LIMIT, readPickle, type PickleObject, type PickleReader, type PickleValue } from './pickle'
import { quote } from './quote'
import { DTYPE_BYTES, type TensorDtype, type TensorEntry } from './tensorEntry'
import { readZipDirectory, zipDataOffset, type ZipEntry } from './zipDirectory'

const REMEDY = 'save a plain dict of tensors with torch.save'
const DAMAGED = 'download or copy the file again'

/** Most values of a dict; an SAE has four, a whole checkpoint some thousands. */
const VALUE_LIMIT = 20_000

/** The dtype that each storage class of torch stands for. Untyped storages count bytes. */
const STORAGE_DTYPES: Readonly<Record<string, TensorDtype>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
  'torch.storage.UntypedStorage': 'U8',
  'torch.UntypedStorage': 'U8',
}

export interface TorchFile {
  readonly tensors: Map<string, TensorEntry>
  /** The dict's plain values: numbers, strings, booleans, None. Anything nested is left out. */
  readonly metadata: Map<string, string | number | boolean | null>
}

/**
 * Reads a dict of tensors as torch.save writes it (its ZIP format, torch 1.6 and later). Strides, storage offsets and
 * storage types are honoured and checked against the storages' sizes. Throws InputError for anything else; a file that
 * asks for any function other than those that rebuild a tensor is refused by that function's name.
 */
export async function readTorchFile(source: ByteSource): Promise<TorchFile> {
  await refuseOldFormat(source)
  const entries = await readZipDirectory(source)
  const folder = archiveFolder(source, entries)
  await refuseBigEndian(source, entries.get(`${folder}/byteorder`))
  const pickle = entries.get(`${folder}/data.pkl`)!
  if (pickle.size > PICKLE_LIMIT) throw new InputError(`${source.name} has a pickle of ${pickle.size} bytes, more than the limit of ${PICKLE_LIMIT}`, REMEDY)
  const root = readPickle(source.name, await source.read(await zipDataOffset(source, pickle), pickle.size), torchReader(source))
  if (!(root instanceof Map)) throw new InputError(`${source.name} does not hold a dict of tensors`, REMEDY)
  return readRoot(source, root, entries, folder)
}

interface Storage extends PickleObject {
  readonly kind: 'storage'
  readonly dtype: TensorDtype
  readonly key: string
  readonly count: number
}

interface Tensor extends PickleObject {
  readonly kind: 'tensor'
  readonly storage: Storage
  readonly firstElement: number
  readonly shape: readonly number[]
  readonly stride: readonly number[]
}

async function readRoot(source: ByteSource, root: Map<PickleValue, PickleValue>, entries: ReadonlyMap<string, ZipEntry>, folder: string): Promise<TorchFile> {
  const tensors = new Map<string, TensorEntry>()
  const metadata: TorchFile['metadata'] = new Map()
  if (root.size > VALUE_LIMIT) throw new InputError(`${source.name} holds ${root.size} values, more than the limit of ${VALUE_LIMIT}`, REMEDY)
  for (const [name, value] of root) {
    if (typeof name !== 'string') throw new InputError(`${source.name} has a key that is not a string`, REMEDY)
    if (isTensor(value)) tensors.set(name, await locate(source, name, value, entries.get(`${folder}/data/${value.storage.key}`)))
    else if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') metadata.set(name, value)
  }
  return { tensors, metadata }
}

async function locate(source: ByteSource, name: string, tensor: Tensor, entry: ZipEntry | undefined): Promise<TensorEntry> {
  const subject = `${source.name} tensor ${quote(name)}`
  const { storage, shape, stride, firstElement } = tensor
  if (!entry) throw new InputError(`${subject} has no storage ${quote(storage.key)} in the archive`, DAMAGED)
  const width = DTYPE_BYTES[storage.dtype]
  if (storage.count * width > entry.size) throw new InputError(`${subject} claims a storage of ${storage.count * width} bytes and the archive holds ${entry.size}`, DAMAGED)
  const count = shape.reduce((product, size) => product * size, 1)
  if (count > storage.count) throw new InputError(`${subject} has the shape [${shape.join(', ')}] over a storage of ${storage.count} numbers`, 'save it again after calling contiguous() on it')
  const extent = count === 0 ? 0 : shape.reduce((last, size, dim) => last + (size - 1) * stride[dim]!, 1)
  if (firstElement + extent > storage.count) {
    throw new InputError(`${subject} reaches to number ${firstElement + extent} of a storage of ${storage.count}`, DAMAGED)
  }
  const offset = (await zipDataOffset(source, entry)) + firstElement * width
  return { name, dtype: storage.dtype, shape, stride, offset, length: extent * width }
}

function torchReader(source: ByteSource): PickleReader {
  const damaged = (what: string): never => {
    throw new InputError(`${source.name} has a damaged ${what}`, DAMAGED)
  }
  const calls: Readonly<Record<string, (args: PickleValue[]) => PickleValue>> = {
    'collections.OrderedDict': ([items]) => orderedDict(items) ?? damaged('OrderedDict'),
    'torch._utils._rebuild_tensor_v2': (args) => tensorOf(args) ?? damaged('tensor'),
    'torch._utils._rebuild_parameter': ([data]) => (data !== undefined && isTensor(data) ? data : damaged('parameter')),
  }
  const refuse = (name: string): never => {
    throw new InputError(`${source.name} wants to call ${quote(name).slice(1, -1)}, which Promptscope never runs`, REMEDY)
  }
  return {
    global: (name) => void (Object.hasOwn(calls, name) || Object.hasOwn(STORAGE_DTYPES, name) || refuse(name)),
    call: (name, args) => (Object.hasOwn(calls, name) ? calls[name]!(args) : refuse(name)),
    persistent: (id) => storageOf(id) ?? damaged('storage'),
  }
}

/** `('storage', torch.FloatStorage, key, device, count)`. */
function storageOf(id: PickleValue): Storage | null {
  if (!Array.isArray(id)) return null
  const [tag, type, key, , count] = id
  const name = (type as { name?: unknown } | null | undefined)?.name
  if (tag !== 'storage' || typeof name !== 'string' || typeof key !== 'string' || !isCount(count)) return null
  const dtype = Object.hasOwn(STORAGE_DTYPES, name) ? STORAGE_DTYPES[name] : undefined
  return dtype ? { kind: 'storage', dtype, key, count } : null
}

/** `_rebuild_tensor_v2(storage, storage_offset, size, stride, …)`. */
function tensorOf([storage, firstElement, shape, stride]: PickleValue[]): Tensor | null {
  if ((storage as PickleObject | null | undefined)?.kind !== 'storage' || !isCount(firstElement) || !isCounts(shape) || !isCounts(stride)) return null
  if (shape.length !== stride.length || shape.length > 32) return null
  return { kind: 'tensor', storage: storage as Storage, firstElement, shape, stride }
}

function orderedDict(items: PickleValue | undefined): Map<PickleValue, PickleValue> | null {
  if (items === undefined) return new Map()
  if (!Array.isArray(items) || !items.every((item): item is [PickleValue, PickleValue] => Array.isArray(item) && item.length === 2)) return null
  return new Map(items)
}

function isTensor(value: PickleValue): value is Tensor {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor'
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount)
}

/** Until torch 1.6 files were a bare pickle or a tar archive. */
async function refuseOldFormat(source: ByteSource): Promise<void> {
  if (source.size < 4) throw new InputError(`${source.name} is ${source.size} bytes long, too short for a file of torch.save`, DAMAGED)
  const [first] = await source.read(0, 1)
  if (first === 0x80) throw new InputError(`${source.name} is a bare pickle, the format torch.save had before torch 1.6`, 'load it in Python and save it again with torch.save')
}

/** torch names the archive's one folder after the file. */
function archiveFolder(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>): string {
  const folders = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name)).map((name) => name.slice(0, -'/data.pkl'.length))
  if (folders.length !== 1) throw new InputError(`${source.name} is no file of torch.save: it has ${folders.length} entries named data.pkl`, REMEDY)
  return folders[0]!
}

async function refuseBigEndian(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  if (!entry) return // written from torch 2.1 on
  const order = new TextDecoder().decode(await source.read(await zipDataOffset(source, entry), Math.min(entry.size, 16)))
  if (order !== 'little') throw new InputError(`${source.name} has the byte order ${quote(order)}`, 'save it again on a little-endian machine')
}
