// Puts together what stands before a GGUF file's numbers: typed fields and the list of tensors.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

export interface GgufTensor {
  readonly name: string
  /** From the one that runs fastest. */
  readonly dimensions: readonly number[]
  /** ggml_type. */
  readonly type: number
  /** From where the numbers begin. */
  readonly offset: number
}

const U32 = 4
const I32 = 5
const F32 = 6
const STRING = 8
const ARRAY = 9

export class GgufHeader {
  private readonly fields: Buffer[] = []
  private readonly tensors: Buffer[] = []

  u32(key: string, value: number): void {
    this.add(key, U32, [u32(value)])
  }

  f32(key: string, value: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatLE(value)
    this.add(key, F32, [bytes])
  }

  text(key: string, value: string): void {
    this.add(key, STRING, [string(value)])
  }

  texts(key: string, values: readonly string[]): void {
    this.add(key, ARRAY, [u32(STRING), u64(values.length), ...values.map(string)])
  }

  i32s(key: string, values: readonly number[]): void {
    this.add(key, ARRAY, [u32(I32), u64(values.length), Buffer.from(Int32Array.from(values).buffer)])
  }

  tensor({ name, dimensions, type, offset }: GgufTensor): void {
    this.tensors.push(Buffer.concat([string(name), u32(dimensions.length), ...dimensions.map(u64), u32(type), u64(offset)]))
  }

  /** Padded so that the numbers may follow. */
  bytes(alignment: number): Buffer {
    const head = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(this.tensors.length), u64(this.fields.length), ...this.fields, ...this.tensors])
    return Buffer.concat([head, Buffer.alloc((alignment - (head.length % alignment)) % alignment)])
  }

  private add(key: string, type: number, value: readonly Buffer[]): void {
    this.fields.push(Buffer.concat([string(key), u32(type), ...value]))
  }
}

function string(text: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
