// Writes a dict of float32 tensors as torch.save does: a ZIP archive of stored entries around a pickle of protocol 2.
// Layout: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py and https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import { closeSync, openSync } from 'node:fs'
import { basename } from 'node:path'
import { crc32 } from 'node:zlib'
import { writeWhole } from './writeModel'

export interface TorchTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Its numbers from first to last, in as many parts as it pleases. */
  readonly parts: () => Iterable<Float32Array>
}

/** torch aligns storages so that they can be mapped. */
const ALIGNMENT = 64

/** Files of 4 GiB and more would need ZIP64, which is not written. */
export function writeTorchFile(path: string, tensors: readonly TorchTensor[]): void {
  const folder = basename(path).replace(/\.pt$/, '')
  const fd = openSync(path, 'w')
  try {
    const archive = new Archive(fd, folder)
    archive.add('data.pkl', [pickleOf(tensors)])
    archive.add('byteorder', [Buffer.from('little')])
    tensors.forEach(({ parts }, index) => archive.add(`data/${index}`, parts()))
    archive.add('version', [Buffer.from('3\n')])
    archive.finish()
  } finally {
    closeSync(fd)
  }
}

class Archive {
  private at = 0
  private readonly directory: Buffer[] = []

  constructor(
    private readonly fd: number,
    private readonly folder: string,
  ) {}

  add(entry: string, parts: Iterable<ArrayBufferView>): void {
    const name = Buffer.from(`${this.folder}/${entry}`)
    const headerOffset = this.at
    const unpadded = headerOffset + 30 + name.length
    // torch's own padding: an extra field named "FB".
    const extra = Buffer.alloc(4 + ((ALIGNMENT - ((unpadded + 4) % ALIGNMENT)) % ALIGNMENT), 'Z')
    extra.write('FB')
    extra.writeUInt16LE(extra.length - 4, 2)
    const dataOffset = unpadded + extra.length
    let size = 0
    let checksum = 0
    for (const part of parts) {
      writeWhole(this.fd, part, dataOffset + size)
      checksum = crc32(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), checksum)
      size += part.byteLength
    }
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(checksum, 0)
    sizes.writeUInt32LE(size, 4)
    sizes.writeUInt32LE(size, 8)
    writeWhole(this.fd, Buffer.concat([u32(0x04034b50), u16(0, 0, 0, 0, 0), sizes, u16(name.length, extra.length), name, extra]), headerOffset)
    this.directory.push(Buffer.concat([u32(0x02014b50), u16(0, 0, 0, 0, 0, 0), sizes, u16(name.length, 0, 0, 0, 0), u32(0, headerOffset), name]))
    this.at = dataOffset + size
  }

  finish(): void {
    const directory = Buffer.concat(this.directory)
    const count = this.directory.length
    writeWhole(this.fd, Buffer.concat([directory, u32(0x06054b50), u16(0, 0, count, count), u32(directory.length, this.at), u16(0)]), this.at)
  }
}

/** `{name: torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict())}`. */
function pickleOf(tensors: readonly TorchTensor[]): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from('X'), u32(Buffer.byteLength(value)), Buffer.from(value)])
  const int = (value: number): Buffer => Buffer.concat([Buffer.from('J'), u32(value)])
  const global = (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`)
  const tuple = (values: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('('), ...values, Buffer.from('t')])
  const one = ({ name, shape }: TorchTensor, index: number): Buffer[] => {
    const count = shape.reduce((product, size) => product * size, 1)
    const stride = shape.map((_, dim) => shape.slice(dim + 1).reduce((product, size) => product * size, 1))
    const storage = tuple([text('storage'), global('torch', 'FloatStorage'), text(String(index)), text('cpu'), int(count)])
    const hooks = Buffer.concat([global('collections', 'OrderedDict'), Buffer.from(')R')])
    const args = tuple([Buffer.concat([storage, Buffer.from('Q')]), int(0), tuple(shape.map(int)), tuple(stride.map(int)), Buffer.from([0x89]), hooks])
    return [text(name), global('torch._utils', '_rebuild_tensor_v2'), args, Buffer.from('R')]
  }
  return Buffer.concat([Buffer.from([0x80, 2]), Buffer.from('}('), ...tensors.flatMap(one), Buffer.from('u.')])
}

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  values.forEach((value, index) => bytes.writeUInt16LE(value, 2 * index))
  return bytes
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index))
  return bytes
}
