// Rounds the rows of a stored matrix to 8 or 4 bits per weight with one float32 scale per block, as ONNX Runtime's MatMulNBits reads them.
// w ≈ scale · (code − zero point), zero point 128 or 8. The weight of greatest magnitude in a block gets the lowest code, −zero point, so that
// the scale bears its sign and all codes are used (the rule of GGUF's Q4_0: https://github.com/ggml-org/ggml, quantize_row_q4_0_ref).
import type { Precision } from '../protocol/values'
import { decodeF16 } from './float16'
import type { TensorDtype } from './tensorEntry'

/** How the weights of one precision are rounded. */
export interface Quantisation {
  readonly bits: 8 | 4
  /** Neighbours of a row that share a scale. */
  readonly block: number
}

/** What most matrices are rounded to. The blocks are a compromise that docs/models.md gives the measurements of. */
export const QUANTISATIONS = { q8: { bits: 8, block: 128 }, q4: { bits: 4, block: 128 } } as const satisfies Partial<Record<Precision, Quantisation>>

/**
 * Of matrices whose input is a product, such as silu(gate) · up: a few of its values are far greater than the rest, and the arithmetic rounds the
 * input by the same blocks. A fifth of the weights, they make half of the error of the whole model at 8 bits.
 */
const SMALL_BLOCK = 32
const HAS_PRODUCT_INPUT = /\.(down_proj|out_proj)\.weight$/

/** Weights of a matrix, by its tensor name, that share a scale. */
export const blockOf = (precision: keyof typeof QUANTISATIONS, name: string): number => (HAS_PRODUCT_INPUT.test(name) ? SMALL_BLOCK : QUANTISATIONS[precision].block)

export interface QuantisedRows {
  /** (rows, blocks, block · bits / 8); of two 4-bit codes the first is in the low half. What is left of a row's last block is zero. */
  readonly codes: Uint8Array
  /** (rows, blocks) */
  readonly scales: Float32Array
}

export const blocksPerRow = (columns: number, { block }: Quantisation): number => Math.ceil(columns / block)

export const bytesPerRow = (columns: number, quantisation: Quantisation): number => (blocksPerRow(columns, quantisation) * quantisation.block * quantisation.bits) / 8

/** Rounds whole rows of `columns` numbers, as they lie in a file: row-major, little-endian. */
export function quantiseRows(bytes: Uint8Array, dtype: TensorDtype, columns: number, quantisation: Quantisation): QuantisedRows {
  const { bits, block } = quantisation
  const stored = blockReader(bytes, dtype, block)
  const rows = stored.count / columns
  if (!Number.isInteger(rows)) throw new RangeError(`${stored.count} numbers are no rows of ${columns}`)
  const blocks = blocksPerRow(columns, quantisation)
  const codes = new Uint8Array(rows * bytesPerRow(columns, quantisation))
  const scales = new Float32Array(rows * blocks)
  const write = bits === 8 ? write8 : write4
  const zero = 2 ** (bits - 1)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let start = 0; start < columns; start += block, at++) {
      const length = Math.min(block, columns - start)
      const scale = Math.fround(stored.read(row * columns + start, length) / -zero)
      scales[at] = scale
      write(stored.values, length, scale === 0 ? 0 : 1 / scale, codes, (at * block * bits) / 8)
      if (length < block) codes.fill(bits === 8 ? zero : zero | (zero << 4), Math.ceil(((at * block + length) * bits) / 8), ((at + 1) * block * bits) / 8)
    }
  }
  return { codes, scales }
}

/** Truncation rounds to the nearest here, because what is truncated is positive: the codes lie between 0.5 and 2 · zero point + 0.5. */
function write8(values: Float32Array, length: number, perScale: number, codes: Uint8Array, at: number): void {
  for (let i = 0; i < length; i++) {
    const code = (values[i]! * perScale + 128.5) | 0
    codes[at + i] = code > 255 ? 255 : code
  }
}

function write4(values: Float32Array, length: number, perScale: number, codes: Uint8Array, at: number): void {
  for (let i = 0; i < length; i += 2) {
    const low = (values[i]! * perScale + 8.5) | 0
    const high = i + 1 < length ? (values[i + 1]! * perScale + 8.5) | 0 : 8
    codes[at + (i >> 1)] = (low > 15 ? 15 : low) | ((high > 15 ? 15 : high) << 4)
  }
}

interface BlockReader {
  /** Numbers in all. */
  readonly count: number
  /** The block that was read last. */
  readonly values: Float32Array
  /** Reads a block into `values` and returns the number of greatest magnitude. */
  read(start: number, length: number): number
}

function blockReader(bytes: Uint8Array, dtype: TensorDtype, block: number): BlockReader {
  const values = new Float32Array(block)
  const patterns = new Int32Array(values.buffer)
  const { count, decode } = patternDecoder(bytes.byteOffset % 4 ? bytes.slice() : bytes, dtype, patterns)
  return {
    count,
    values,
    read(start, length) {
      decode(start, length)
      return greatestMagnitude(patterns, length)
    },
  }
}

const found = new Float32Array(1)
const foundPattern = new Int32Array(found.buffer)

/** Of floats that are given as their bit patterns: magnitudes compare as the integers do, which is several times faster in JavaScript. */
function greatestMagnitude(patterns: Int32Array, length: number): number {
  let greatest = 0
  let at = 0
  for (let i = 0; i < length; i++) {
    const pattern = patterns[i]!
    const magnitude = pattern & 0x7fffffff
    if (magnitude > greatest) {
      greatest = magnitude
      at = pattern
    }
  }
  foundPattern[0] = at
  return found[0]!
}

/** Writes the float32 bit patterns of stored numbers into `patterns`. */
function patternDecoder({ buffer, byteOffset, byteLength }: Uint8Array, dtype: TensorDtype, patterns: Int32Array): { readonly count: number; readonly decode: (start: number, length: number) => void } {
  if (dtype === 'F32') {
    const words = new Int32Array(buffer, byteOffset, byteLength / 4)
    return {
      count: words.length,
      decode(start, length) {
        for (let i = 0; i < length; i++) patterns[i] = words[start + i]!
      },
    }
  }
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2)
  if (dtype === 'BF16') {
    return {
      count: halves.length,
      decode(start, length) {
        for (let i = 0; i < length; i++) patterns[i] = halves[start + i]! << 16
      },
    }
  }
  if (dtype !== 'F16') throw new RangeError(`dtype ${dtype} holds no weights`)
  const table = halfPatterns()
  return {
    count: halves.length,
    decode(start, length) {
      for (let i = 0; i < length; i++) patterns[i] = table[halves[start + i]!]!
    },
  }
}

let tableOfHalves: Int32Array | null = null

/** The float32 bit pattern of each of the 65,536 half-precision ones. */
function halfPatterns(): Int32Array {
  tableOfHalves ??= new Int32Array(decodeF16(new Uint8Array(Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).buffer)).buffer)
  return tableOfHalves
}
