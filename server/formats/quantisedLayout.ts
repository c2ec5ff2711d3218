// How quantised matrices lie in one file: a safetensors file whose header is known before the first matrix is rounded, so that it can be
// written in any order, by pieces, and its place in the file found without reading it.
import type { ByteSource } from './byteSource'
import { blocksPerRow, bytesPerRow, type Quantisation } from './quantise'
import { readSafetensors } from './safetensors'
import type { TensorEntry } from './tensorEntry'

const FORMAT = 'promptscope quantised weights'

/** Raised when the same weights would be rounded or laid out differently: files of other versions are written anew. */
export const QUANTISED_VERSION = 1

/** A matrix to be rounded, (rows, columns). */
export interface Matrix {
  readonly name: string
  readonly rows: number
  readonly columns: number
  /** Weights of a row that share a scale. */
  readonly block: number
}

/** Where a rounded matrix lies in the file, in bytes from its start. */
export interface QuantisedMatrix extends Matrix {
  readonly codes: FileRange
  readonly scales: FileRange
}

export interface FileRange {
  readonly offset: number
  readonly length: number
}

/** Some rows of a matrix, written and checked together. */
export interface Piece {
  /** Index in the layout's list. */
  readonly matrix: number
  readonly firstRow: number
  readonly rows: number
  readonly codes: FileRange
  readonly scales: FileRange
}

export interface QuantisedLayout {
  readonly bits: Quantisation['bits']
  /** Of a group the codes lie one after the other, and then the scales, so that it can be read as one matrix with all their rows. */
  readonly groups: readonly (readonly QuantisedMatrix[])[]
  /** The same in one list. */
  readonly matrices: readonly QuantisedMatrix[]
  readonly pieces: readonly Piece[]
  readonly fileBytes: number
  /** What stands before the first matrix, with the checksum of every piece, in order; without them zeros. All headers of one layout are equally long. */
  header(checksums?: readonly string[]): Uint8Array
}

const CODES = '.codes'

/** Hexadecimal digits of a piece's checksum: the first half of SHA-256. */
export const CHECKSUM_LENGTH = 32

/** Weights in a piece: small enough to hold several in memory, large enough for full disk speed. */
const PIECE_WEIGHTS = 4 * 1024 * 1024

/** Matrices that multiply the same input may be given as a group; they have as many columns and equal blocks. `source` names the weights that they come from; it is kept in the header. */
export function quantisedLayout(groups: readonly (readonly Matrix[])[], bits: Quantisation['bits'], source: Readonly<Record<string, string>>): QuantisedLayout {
  const matrices = groups.flat()
  const parts = matrices.flatMap((matrix, index) => piecesOf(matrix, index))
  const entries: [string, object][] = []
  let end = 0
  const place = (name: string, dtype: string, shape: readonly number[], length: number): FileRange => {
    const range = { offset: end, length }
    end += length
    entries.push([name, { dtype, shape, data_offsets: [range.offset, end] }])
    return range
  }
  const placed = groups.map((group) => {
    if (group.some(({ columns, block }) => columns !== group[0]!.columns || block !== group[0]!.block)) throw new RangeError(`${group[0]!.name} is in a group with matrices of another shape`)
    const codes = group.map(({ name, rows, columns, block }) => {
      const rowBytes = bytesPerRow(columns, { bits, block })
      return place(`${name}${CODES}`, 'U8', [rows, blocksPerRow(columns, { bits, block }), (block * bits) / 8], rows * rowBytes)
    })
    return group.map((matrix, i) => {
      const { name, rows, columns, block } = matrix
      const blocks = blocksPerRow(columns, { bits, block })
      return { ...matrix, codes: codes[i]!, scales: place(`${name}.scales`, 'F32', [rows, blocks], rows * blocks * 4) }
    })
  })

  const header = (checksums: readonly string[] = parts.map(() => '0'.repeat(CHECKSUM_LENGTH))): Uint8Array => {
    const metadata = { format: FORMAT, version: String(QUANTISED_VERSION), bits: String(bits), columns: matrices.map(({ columns }) => columns).join(), ...source, checksums: checksums.join('') }
    return headerBytes(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) }))
  }
  const start = header().length
  const groupsInFile = placed.map((group) => group.map((matrix) => ({ ...matrix, codes: shifted(matrix.codes, start), scales: shifted(matrix.scales, start) })))
  const inFile = groupsInFile.flat()
  const pieces = parts.map((part): Piece => {
    const { columns, block, codes, scales } = inFile[part.matrix]!
    const rowBytes = bytesPerRow(columns, { bits, block })
    const scaleBytes = blocksPerRow(columns, { bits, block }) * 4
    return {
      ...part,
      codes: { offset: codes.offset + part.firstRow * rowBytes, length: part.rows * rowBytes },
      scales: { offset: scales.offset + part.firstRow * scaleBytes, length: part.rows * scaleBytes },
    }
  })
  return { bits, groups: groupsInFile, matrices: inFile, pieces, fileBytes: start + end, header }
}

/** What a file says of itself. */
export interface QuantisedHeader {
  readonly layout: QuantisedLayout
  /** As it was given to `quantisedLayout`. */
  readonly source: Readonly<Record<string, string>>
  /** Of every piece, in order; all zeros while the file is being written. */
  readonly checksums: readonly string[]
}

/** Null when the file is not one of ours, of this version, and as long as its header says. */
export async function readQuantisedLayout(file: ByteSource): Promise<QuantisedHeader | null> {
  const { tensors, metadata } = await readSafetensors(file)
  const { format, version, bits: width, columns = '', checksums: digits = '', ...source } = metadata
  if (format !== FORMAT || version !== String(QUANTISED_VERSION) || (width !== '8' && width !== '4')) return null
  const bits = width === '8' ? 8 : 4
  const groups = groupsOf([...tensors.values()], columns.split(',').map(Number), bits)
  if (!groups) return null
  const layout = quantisedLayout(groups, bits, source)
  const checksums = layout.pieces.map((_, piece) => digits.slice(piece * CHECKSUM_LENGTH, (piece + 1) * CHECKSUM_LENGTH))
  const expected = layout.header(checksums)
  const stored = layout.fileBytes === file.size && (await file.read(0, expected.length))
  return stored && expected.every((byte, i) => byte === stored[i]) ? { layout, source, checksums } : null
}

/** Names, rows, blocks and groups, read off the order of a file's tensors: codes of a group, then its scales. Null when they cannot be of such a file. */
function groupsOf(tensors: readonly TensorEntry[], widths: readonly number[], bits: number): Matrix[][] | null {
  const groups: Matrix[][] = []
  let isAfterScales = true
  let count = 0
  for (const { name, shape } of tensors) {
    if (name.endsWith(CODES)) {
      const columns = widths[count++] ?? 0
      const block = ((shape[2] ?? 0) * 8) / bits
      if (!(columns > 0) || !(block > 0)) return null
      if (isAfterScales) groups.push([])
      const first = groups.at(-1)![0]
      if (first && (first.columns !== columns || first.block !== block)) return null
      groups.at(-1)!.push({ name: name.slice(0, -CODES.length), rows: shape[0]!, columns, block })
    }
    isAfterScales = !name.endsWith(CODES)
  }
  return count === widths.length ? groups : null
}

function piecesOf({ rows, columns }: Matrix, matrix: number): { readonly matrix: number; readonly firstRow: number; readonly rows: number }[] {
  const perPiece = Math.max(1, Math.floor(PIECE_WEIGHTS / columns))
  return Array.from({ length: Math.ceil(rows / perPiece) }, (_, i) => ({ matrix, firstRow: i * perPiece, rows: Math.min(perPiece, rows - i * perPiece) }))
}

const shifted = (range: FileRange, by: number): FileRange => ({ offset: range.offset + by, length: range.length })

/** Padded with spaces so that the data starts at a multiple of 64 bytes, which aligned reads of it want. */
function headerBytes(json: string): Uint8Array {
  const text = new TextEncoder().encode(json)
  const length = Math.ceil((8 + text.length) / 64) * 64
  const bytes = new Uint8Array(length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length - 8), true)
  bytes.set(text, 8)
  return bytes
}
