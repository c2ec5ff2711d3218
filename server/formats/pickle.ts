// Reads a Python pickle as plain data. Nothing is ever looked up or run: a name is only a name, and what may be built from it the caller lists.
// Instructions: https://github.com/python/cpython/blob/main/Lib/pickletools.py
import { InputError } from '../protocol/errors'
import { quote } from './quote'

/** A dotted Python name that the pickle mentions, `torch._utils._rebuild_tensor_v2`. */
export class PickleGlobal {
  constructor(readonly name: string) {}
}

/** What stands in for Python's values: dicts are Maps, tuples and lists arrays, persistent ids and calls whatever the reader makes of them. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleGlobal
  | PickleObject
  | PickleValue[]
  | Map<PickleValue, PickleValue>

/** A value that the reader's own `call` or `persistent` made. */
export interface PickleObject {
  readonly kind: string
}

/** What a pickle may contain beyond plain data. All three throw InputError for anything that is not on their list. */
export interface PickleReader {
  /** Called for every name before anything is done with it. */
  readonly global: (name: string) => void
  readonly call: (name: string, args: PickleValue[]) => PickleValue
  readonly persistent: (id: PickleValue) => PickleValue
}

/** Most bytes that a pickle of tensors may have; the tensors' own numbers lie outside it, and each takes some 200 bytes. */
export const PICKLE_LIMIT = 8 * 1024 * 1024

/** Each instruction may make an object of some hundred bytes. */
const INSTRUCTION_LIMIT = 1_000_000

/** Reads one pickle of protocol 2 to 5. Throws InputError, which begins with `name`, for damaged data and for instructions that could run code. */
export function readPickle(name: string, bytes: Uint8Array, reader: PickleReader): PickleValue {
  if (bytes.length > PICKLE_LIMIT) throw new InputError(`${name} has a pickle of ${bytes.length} bytes, more than the limit of ${PICKLE_LIMIT}`, REMEDY)
  try {
    return new Unpickler(name, bytes, reader).read()
  } catch (error) {
    if (error instanceof PickleDamage || error instanceof RangeError) throw new InputError(`${name} has a damaged pickle`, 'download or copy the file again')
    throw error
  }
}

const REMEDY = 'save a plain dict of tensors with torch.save'

class PickleDamage extends Error {}

/** Marks the start of a group of stack items. */
const MARK = Symbol('mark')

class Unpickler {
  private readonly view: DataView
  private readonly stack: (PickleValue | typeof MARK)[] = []
  private readonly memo = new Map<number, PickleValue>()
  private at = 0

  constructor(
    private readonly name: string,
    private readonly bytes: Uint8Array,
    private readonly reader: PickleReader,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  read(): PickleValue {
    for (let count = 0; count < INSTRUCTION_LIMIT; count++) {
      const opcode = this.byte()
      if (opcode === 0x2e) return this.pop() // STOP
      this.step(opcode)
    }
    throw new InputError(`${this.name} has a pickle of more than ${INSTRUCTION_LIMIT} instructions`, REMEDY)
  }

  private step(opcode: number): void {
    switch (opcode) {
      case 0x80: return this.protocol()
      case 0x95: return void this.length(8) // FRAME: its contents follow as they would without it
      case 0x28: return void this.stack.push(MARK)
      case 0x30: return void this.pop() // POP
      case 0x31: return void this.popToMark() // POP_MARK

      case 0x4e: return this.push(null)
      case 0x88: return this.push(true)
      case 0x89: return this.push(false)
      case 0x4a: return this.push(this.view.getInt32(this.take(4), true)) // BININT
      case 0x4b: return this.push(this.byte()) // BININT1
      case 0x4d: return this.push(this.view.getUint16(this.take(2), true)) // BININT2
      case 0x8a: return this.push(this.long(this.byte())) // LONG1
      case 0x8b: return this.push(this.long(this.length(4))) // LONG4
      case 0x47: return this.push(this.view.getFloat64(this.take(8), false)) // BINFLOAT is big-endian
      case 0x8c: return this.push(this.text(this.byte())) // SHORT_BINUNICODE
      case 0x58: return this.push(this.text(this.length(4))) // BINUNICODE
      case 0x8d: return this.push(this.text(this.length(8))) // BINUNICODE8
      case 0x43: return this.push(this.slice(this.byte())) // SHORT_BINBYTES
      case 0x42: return this.push(this.slice(this.length(4))) // BINBYTES
      case 0x8e: return this.push(this.slice(this.length(8))) // BINBYTES8

      case 0x7d: return this.push(new Map()) // EMPTY_DICT
      case 0x5d: return this.push([]) // EMPTY_LIST
      case 0x29: return this.push([]) // EMPTY_TUPLE
      case 0x85: return this.push(this.popMany(1)) // TUPLE1
      case 0x86: return this.push(this.popMany(2)) // TUPLE2
      case 0x87: return this.push(this.popMany(3)) // TUPLE3
      case 0x74: return this.push(this.popToMark()) // TUPLE
      case 0x61: return this.append([this.pop()]) // APPEND
      case 0x65: return this.append(this.popToMark()) // APPENDS
      case 0x73: return this.setItems(this.popMany(2)) // SETITEM
      case 0x75: return this.setItems(this.popToMark()) // SETITEMS

      case 0x71: return this.remember(this.byte()) // BINPUT
      case 0x72: return this.remember(this.length(4)) // LONG_BINPUT
      case 0x94: return this.remember(this.memo.size) // MEMOIZE
      case 0x68: return this.recall(this.byte()) // BINGET
      case 0x6a: return this.recall(this.length(4)) // LONG_BINGET

      case 0x63: return this.global(this.line(), this.line())
      case 0x93: return this.stackGlobal()
      case 0x52: return this.reduce()
      case 0x51: return this.push(this.reader.persistent(this.pop())) // BINPERSID
      case 0x62: return this.build()
      case 0x69: return this.refuseName(`${this.line()}.${this.line()}`) // INST
      default: throw new InputError(`${this.name} uses the pickle instruction 0x${opcode.toString(16).padStart(2, '0')}, which Promptscope never runs`, REMEDY)
    }
  }

  private protocol(): void {
    const protocol = this.byte()
    if (protocol > 5) throw new InputError(`${this.name} has a pickle of protocol ${protocol}, newer than 5`, REMEDY)
  }

  private global(module: string, attribute: string): void {
    const name = `${module}.${attribute}`
    this.reader.global(name)
    this.push(new PickleGlobal(name))
  }

  private stackGlobal(): void {
    const [module, attribute] = this.popMany(2)
    if (typeof module !== 'string' || typeof attribute !== 'string') throw new PickleDamage()
    this.global(module, attribute)
  }

  private reduce(): void {
    const [callable, args] = this.popMany(2)
    if (!(callable instanceof PickleGlobal) || !Array.isArray(args)) throw new PickleDamage()
    this.push(this.reader.call(callable.name, args))
  }

  /** Python sets attributes here (an OrderedDict's `_metadata`); on a dict they are dropped, on anything else refused. */
  private build(): void {
    this.pop()
    if (!(this.top() instanceof Map)) throw new InputError(`${this.name} sets the state of an object, which Promptscope never runs`, REMEDY)
  }

  private refuseName(name: string): never {
    throw new InputError(`${this.name} wants to call ${quote(name).slice(1, -1)}, which Promptscope never runs`, REMEDY)
  }

  private append(values: PickleValue[]): void {
    const list = this.top()
    if (!Array.isArray(list)) throw new PickleDamage()
    for (const value of values) list.push(value)
  }

  private setItems(items: PickleValue[]): void {
    const map = this.top()
    if (!(map instanceof Map) || items.length % 2) throw new PickleDamage()
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!)
  }

  private remember(slot: number): void {
    this.memo.set(slot, this.top())
  }

  private recall(slot: number): void {
    const value = this.memo.get(slot)
    if (value === undefined) throw new PickleDamage()
    this.push(value)
  }

  private push(value: PickleValue): void {
    this.stack.push(value)
  }

  private top(): PickleValue {
    const value = this.stack.at(-1)
    if (value === undefined || value === MARK) throw new PickleDamage()
    return value
  }

  private pop(): PickleValue {
    const value = this.top()
    this.stack.pop()
    return value
  }

  private popMany(count: number): PickleValue[] {
    const values = this.stack.splice(Math.max(0, this.stack.length - count))
    if (values.length < count || values.includes(MARK)) throw new PickleDamage()
    return values as PickleValue[]
  }

  private popToMark(): PickleValue[] {
    const mark = this.stack.lastIndexOf(MARK)
    if (mark < 0) throw new PickleDamage()
    return this.stack.splice(mark).slice(1) as PickleValue[]
  }

  private byte(): number {
    return this.view.getUint8(this.take(1))
  }

  /** The place of the next `count` bytes, which are thereby taken. */
  private take(count: number): number {
    const start = this.at
    if (start + count > this.bytes.length) throw new PickleDamage()
    this.at += count
    return start
  }

  private slice(count: number): Uint8Array {
    const start = this.take(count)
    return this.bytes.subarray(start, start + count)
  }

  private text(count: number): string {
    return new TextDecoder().decode(this.slice(count))
  }

  private length(width: 4 | 8): number {
    const start = this.take(width)
    return width === 4 ? this.view.getUint32(start, true) : Number(this.view.getBigUint64(start, true))
  }

  /** A little-endian two's complement integer of `count` bytes. */
  private long(count: number): number | bigint {
    if (count > 8) throw new PickleDamage()
    let value = 0n
    this.slice(count).forEach((byte, index) => (value |= BigInt(byte) << BigInt(8 * index)))
    value = BigInt.asIntN(8 * count, value)
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) throw new PickleDamage()
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, end))
    this.at = end + 1
    return text
  }
}
