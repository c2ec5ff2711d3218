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

/** The blocks are a compromise that docs/models.md gives the measurements of. */
export const QUANTISATIONS = { q8: { bits: 8, block: 64 }, q4: { bits: 4, block: 64 } } as const satisfies Partial<Record<Precision, Quantisation>>

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

/**
 * Decodes and looks for the extreme in one pass, over bit patterns: magnitudes of floats compare as integers do, and in JavaScript integers
 * compare several times faster.
 */
function blockReader(bytes: Uint8Array, dtype: TensorDtype, block: number): BlockReader {
  const values = new Float32Array(block)
  const bitsOf = new Int32Array(values.buffer)
  const extremeOf = new Float32Array(1)
  const extremeBits = new Int32Array(extremeOf.buffer)
  const reader = (count: number, patternAt: (index: number) => number): BlockReader => ({
    count,
    values,
    read(start, length) {
      let greatest = 0
      let extreme = 0
      for (let i = 0; i < length; i++) {
        const pattern = patternAt(start + i)
        bitsOf[i] = pattern
        const magnitude = pattern & 0x7fffffff
        if (magnitude > greatest) {
          greatest = magnitude
          extreme = pattern
        }
      }
      extremeBits[0] = extreme
      return extremeOf[0]!
    },
  })
  const aligned = bytes.byteOffset % 4 ? bytes.slice() : bytes
  const { buffer, byteOffset, byteLength } = aligned
  if (dtype === 'F32') {
    const words = new Int32Array(buffer, byteOffset, byteLength / 4)
    return reader(words.length, (index) => words[index]!)
  }
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2)
  if (dtype === 'BF16') return reader(halves.length, (index) => halves[index]! << 16)
  if (dtype === 'F16') {
    const patterns = float32Patterns()
    return reader(halves.length, (index) => patterns[halves[index]!]!)
  }
  throw new RangeError(`dtype ${dtype} holds no weights`)
}

let patterns: Int32Array | null = null

/** The float32 bit pattern of each of the 65,536 half-precision ones. */
function float32Patterns(): Int32Array {
  patterns ??= new Int32Array(decodeF16(new Uint8Array(Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).buffer)).buffer)
  return patterns
}
