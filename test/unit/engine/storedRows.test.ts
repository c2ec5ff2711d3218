// Rows and columns read from a file without waiting, against the whole tensor.
import { mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readScatteredColumn } from '../../../server/engine/encoding/scatteredColumn'
import { openStoredRows } from '../../../server/engine/encoding/storedRows'
import type { StoredTensor } from '../../../server/formats/tensorEntry'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rows-')))
afterAll(() => rmSync(folder, { recursive: true }))

/** Powers of 2 and their halves, which every type holds exactly; row r, column c. */
const value = (row: number, column: number) => (column % 2 ? -1 : 1) * 2 ** ((row % 8) - (column % 5)) * (row % 3 === 0 ? 1.5 : 1)
const ROWS = 40
const COLUMNS = 6

function stored(dtype: 'F32' | 'F16' | 'BF16', stride: readonly number[]): StoredTensor {
  const numbers = new Float32Array(ROWS * COLUMNS)
  for (let row = 0; row < ROWS; row++) for (let column = 0; column < COLUMNS; column++) numbers[row * stride[0]! + column * stride[1]!] = value(row, column)
  const bits = new Uint32Array(numbers.buffer)
  const bytes = dtype === 'F32' ? bits : dtype === 'BF16' ? Uint16Array.from(bits, (word) => word >>> 16) : Uint16Array.from(numbers, half)
  const file = join(folder, `${dtype}${stride.join('x')}`)
  writeFileSync(file, Buffer.concat([Buffer.alloc(5), Buffer.from(bytes.buffer)]))
  return { name: 'W', dtype, shape: [ROWS, COLUMNS], stride, offset: 5, length: bytes.byteLength, file }
}

/** Bits of an IEEE half. */
function half(number: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(number)))
  return (number < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(number) / 2 ** exponent - 1) * 1024)
}

const rowOf = (row: number) => Float32Array.from({ length: COLUMNS }, (_, column) => value(row, column))

describe.each(['F32', 'F16', 'BF16'] as const)('%s', (dtype) => {
  it('reads rows in any order, those that were kept and those that made room', () => {
    const rows = openStoredRows(stored(dtype, [COLUMNS, 1]), 3 * COLUMNS * 4)
    for (const row of [0, 39, 0, 1, 2, 0, 39, 39, 5, 1]) expect(rows.row(row)).toEqual(rowOf(row))
    rows.close()
  })

  it.each([[[COLUMNS, 1]], [[1, ROWS]]])('reads columns, strides %j', async (stride) => {
    const column = Float32Array.from({ length: ROWS }, (_, row) => value(row, 4))
    expect(await readScatteredColumn(stored(dtype, stride), 4)).toEqual(column)
  })
})

it('says that the file became shorter', async () => {
  const tensor = stored('F32', [COLUMNS, 1])
  const rows = openStoredRows(tensor)
  truncateSync(tensor.file, 5 + 20 * COLUMNS * 4)
  expect(rows.row(19)).toEqual(rowOf(19))
  expect(() => rows.row(20)).toThrow('became shorter')
  // What failed is not kept.
  expect(() => rows.row(20)).toThrow('became shorter')
  await expect(readScatteredColumn(tensor, 0)).rejects.toThrow('became shorter')
  rows.close()
})
