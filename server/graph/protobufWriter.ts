// Writes protocol buffer messages field by field; only the wire types that ONNX needs.
// Format: https://protobuf.dev/programming-guides/encoding/

const utf8 = new TextEncoder()
const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** Most messages are a node or a shape. */
const FIRST_CAPACITY = 64

/** One message under construction. Methods return the message so that fields can be chained. */
export class ProtobufMessage {
  // One growing buffer: a model with experts has millions of fields, and an object for each takes longer than all else.
  private buffer = new Uint8Array(FIRST_CAPACITY)
  private length = 0

  /** An integer field; negative values are written as 64-bit two's complement. */
  int(field: number, value: number | bigint): this {
    return this.tag(field, VARINT).varint(value)
  }

  float(field: number, value: number): this {
    this.tag(field, FIXED32).reserve(4)
    new DataView(this.buffer.buffer).setFloat32(this.length, value, true)
    this.length += 4
    return this
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value))
  }

  bytes(field: number, value: Uint8Array): this {
    return this.tag(field, LENGTH_DELIMITED).varint(value.length).append(value)
  }

  message(field: number, value: ProtobufMessage): this {
    return this.bytes(field, value.buffer.subarray(0, value.length))
  }

  finish(): Uint8Array {
    return this.buffer.slice(0, this.length)
  }

  private tag(field: number, wireType: number): this {
    return this.varint((field << 3) | wireType)
  }

  private varint(value: number | bigint): this {
    if (typeof value === 'bigint' || value < 0 || !Number.isSafeInteger(value)) return this.longVarint(BigInt.asUintN(64, BigInt(value)))
    this.reserve(8)
    let rest = value
    while (rest > 127) {
      this.buffer[this.length++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.buffer[this.length++] = rest
    return this
  }

  private longVarint(value: bigint): this {
    this.reserve(10)
    let rest = value
    while (rest > 127n) {
      this.buffer[this.length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.buffer[this.length++] = Number(rest)
    return this
  }

  private append(bytes: Uint8Array): this {
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
    return this
  }

  private reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.buffer.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.buffer.length))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}
