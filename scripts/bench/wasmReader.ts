// A WebAssembly module that reads its memory as fast as it goes: 16 bytes per load in several streams, folded together by exclusive or so that no load is left out.
// Binary format: https://webassembly.github.io/spec/core/binary/ and, for the v128 instructions, its SIMD chapter.

const PAGE_BYTES = 65_536
const I32 = 0x7f
const V128 = 0x7b
const ACCUMULATORS = 8

/** Exports `memory` of `bytes` and `read(): i32`, which reads all of it once. `bytes` is a multiple of 64 KiB × `streams`. */
export function wasmReader(bytes: number, streams: number): Uint8Array<ArrayBuffer> {
  const unroll = 8
  const region = bytes / streams
  // Local 0 counts bytes of each stream; the accumulators follow it.
  const accumulator = (index: number): number => 1 + (index % ACCUMULATORS)
  const loads = Array.from({ length: streams * unroll }, (_, index) => {
    const offset = Math.floor(index / unroll) * region + (index % unroll) * 16
    const sum = accumulator(index)
    return [LOCAL_GET, sum, LOCAL_GET, 0, SIMD, V128_LOAD, 4, ...unsigned(offset), SIMD, V128_XOR, LOCAL_SET, sum]
  }).flat()
  const next = [LOCAL_GET, 0, I32_CONST, ...signed(16 * unroll), I32_ADD, LOCAL_TEE, 0, I32_CONST, ...signed(region), I32_LT_U, BR_IF, 0]
  const folded = Array.from({ length: ACCUMULATORS - 1 }, (_, index) => [LOCAL_GET, accumulator(0), LOCAL_GET, accumulator(index + 1), SIMD, V128_XOR, LOCAL_SET, accumulator(0)]).flat()
  const code = [...vector([[1, I32], [ACCUMULATORS, V128]]), LOOP, EMPTY, ...loads, ...next, END, ...folded, LOCAL_GET, accumulator(0), SIMD, I32X4_EXTRACT_LANE, 0, END]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[0x60, ...vector([]), ...vector([[I32]])]])),
    ...section(3, vector([[0]])),
    ...section(5, vector([[0, ...unsigned(bytes / PAGE_BYTES)]])),
    ...section(7, vector([[...name('read'), 0, 0], [...name('memory'), 2, 0]])),
    ...section(10, vector([[...unsigned(code.length), ...code]])),
  ])
}

const LOOP = 0x03
const EMPTY = 0x40
const END = 0x0b
const BR_IF = 0x0d
const LOCAL_GET = 0x20
const LOCAL_SET = 0x21
const LOCAL_TEE = 0x22
const I32_CONST = 0x41
const I32_LT_U = 0x49
const I32_ADD = 0x6a
const SIMD = 0xfd
const V128_LOAD = 0x00
const I32X4_EXTRACT_LANE = 0x1b
const V128_XOR = 0x51

const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body]
const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
const name = (text: string): number[] => vector(Array.from(Buffer.from(text), (byte) => [byte]))

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

/** LEB128 of a number that is not negative: bit 6 of the last byte is its sign. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)]
}
