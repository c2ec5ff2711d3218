// Writes protocol buffer messages field by field; only the wire types that ONNX needs.
// Format: https://protobuf.dev/programming-guides/encoding/

const utf8 = new TextEncoder()
const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** One message under construction. Methods return the message so that fields can be chained. */
export class ProtobufMessage {
  private readonly parts: Uint8Array[] = []
  private length = 0

  /** An integer field; negative values are written as 64-bit two's complement. */
  int(field: number, value: number | bigint): this {
    return this.tag(field, VARINT).varint(value)
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.tag(field, FIXED32).push(bytes)
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value))
  }

  bytes(field: number, value: Uint8Array): this {
    return this.tag(field, LENGTH_DELIMITED).varint(value.length).push(value)
  }

  message(field: number, value: ProtobufMessage): this {
    return this.tag(field, LENGTH_DELIMITED).varint(value.length).pushAll(value)
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.length)
    let at = 0
    for (const part of this.parts) {
      out.set(part, at)
      at += part.length
    }
    return out
  }

  private tag(field: number, wireType: number): this {
    return this.varint((field << 3) | wireType)
  }

  private varint(value: number | bigint): this {
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, BigInt(value))
    do {
      const low = Number(rest & 127n)
      rest >>= 7n
      bytes.push(rest ? low | 128 : low)
    } while (rest)
    return this.push(Uint8Array.from(bytes))
  }

  private push(part: Uint8Array): this {
    this.parts.push(part)
    this.length += part.length
    return this
  }

  private pushAll(message: ProtobufMessage): this {
    for (const part of message.parts) this.push(part)
    return this
  }
}
