// The layout of a file of rounded matrices: valid safetensors, covered by pieces, and known again by its header.
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../../../server/formats/byteSource'
import { CHECKSUM_LENGTH, quantisedLayout, readQuantisedLayout } from '../../../server/formats/quantisedLayout'
import { readSafetensors } from '../../../server/formats/safetensors'

const GROUPS = [
  [{ name: 'gate', rows: 2, columns: 70, block: 64 }, { name: 'up', rows: 3, columns: 70, block: 64 }],
  [{ name: 'head', rows: 5000, columns: 2048, block: 64 }],
  [{ name: 'down', rows: 70, columns: 3, block: 32 }],
]
const SOURCE = { model: '/models/a', precision: 'q4', identity: 'abc' }
const layout = quantisedLayout(GROUPS, 4, SOURCE)
const checksums = layout.pieces.map((_, i) => String(i + 1).padStart(CHECKSUM_LENGTH, '0'))

function fileOf(header: Uint8Array, size = layout.fileBytes) {
  const bytes = new Uint8Array(size)
  bytes.set(header)
  return bytesSource('weights.safetensors', bytes)
}

it('is a safetensors file of codes and scales', async () => {
  const { tensors } = await readSafetensors(fileOf(layout.header()))
  const shapes = Object.fromEntries(Array.from(tensors.values(), ({ name, dtype, shape }) => [name, [dtype, ...shape]]))
  expect(shapes).toEqual({
    'gate.codes': ['U8', 2, 2, 32], 'gate.scales': ['F32', 2, 2],
    'up.codes': ['U8', 3, 2, 32], 'up.scales': ['F32', 3, 2],
    'head.codes': ['U8', 5000, 32, 32], 'head.scales': ['F32', 5000, 32],
    'down.codes': ['U8', 70, 1, 16], 'down.scales': ['F32', 70, 1],
  })
  for (const { name, codes, scales } of layout.matrices) {
    expect(tensors.get(`${name}.codes`)).toMatchObject(codes)
    expect(tensors.get(`${name}.scales`)).toMatchObject(scales)
  }
})

it('has pieces that cover every matrix without a gap', () => {
  layout.matrices.forEach(({ rows, codes, scales }, index) => {
    const pieces = layout.pieces.filter(({ matrix }) => matrix === index)
    let [row, code, scale] = [0, codes.offset, scales.offset]
    for (const piece of pieces) {
      expect([piece.firstRow, piece.codes.offset, piece.scales.offset]).toEqual([row, code, scale])
      row += piece.rows
      code += piece.codes.length
      scale += piece.scales.length
    }
    expect([row, code, scale]).toEqual([rows, codes.offset + codes.length, scales.offset + scales.length])
  })
  expect(layout.pieces.filter(({ matrix }) => matrix === 2).length).toBeGreaterThan(1)
})

it('has the matrices of a group one after the other', () => {
  const [gate, up] = layout.groups[0]!
  expect(up!.codes.offset).toBe(gate!.codes.offset + gate!.codes.length)
  expect(gate!.scales.offset).toBe(up!.codes.offset + up!.codes.length)
  expect(up!.scales.offset).toBe(gate!.scales.offset + gate!.scales.length)
})

it('is as long with checksums as without', () => {
  expect(layout.header(checksums)).toHaveLength(layout.header().length)
})

describe('reading it back', () => {
  it('gives the layout, the source and the checksums', async () => {
    const read = await readQuantisedLayout(fileOf(layout.header(checksums)))
    expect(read).toMatchObject({ source: SOURCE, checksums })
    expect(read!.layout.groups).toEqual(layout.groups)
    expect(read!.layout.pieces).toEqual(layout.pieces)
    expect(read!.layout.bits).toBe(4)
  })

  it('knows no file of another length, format or version', async () => {
    expect(await readQuantisedLayout(fileOf(layout.header(), layout.fileBytes + 1))).toBeNull()
    const text = Buffer.from(layout.header()).toString('latin1')
    for (const [from, to] of [['"version":"1"', '"version":"0"'], ['promptscope quantised', 'somebody elses quants'], ['"columns":"70', '"columns":"07'], ['"columns":"70,', '"columns":"70_'], ['"bits":"4"', '"bits":"8"']] as const) {
      expect(text).toContain(from)
      expect(await readQuantisedLayout(fileOf(Buffer.from(text.replace(from, to), 'latin1'))), to).toBeNull()
    }
  })

  it('refuses what is no safetensors file', async () => {
    await expect(readQuantisedLayout(fileOf(new Uint8Array(10)))).rejects.toThrow('is not a safetensors file')
  })
})
