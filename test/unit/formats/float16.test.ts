// Half-precision numbers against their definition, and tensors whose strides are not the usual ones.
import { describe, expect, test } from 'vitest'
import { bytesSource, type ByteSource } from '../../../server/formats/byteSource'
import { decodeBf16, decodeF16, readColumn, readRow, readTensor } from '../../../server/formats/float16'
import { rowMajorStride, type TensorEntry } from '../../../server/formats/tensorEntry'

const halves = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer)

test('binary16: the values of IEEE 754-2019, table 3.5 and its corners', () => {
  const cases: [bits: number, value: number][] = [
    [0x0000, 0], [0x8000, -0], [0x0001, 2 ** -24], [0x03ff, 2 ** -14 - 2 ** -24], [0x0400, 2 ** -14], [0x3c00, 1], [0x3c01, 1 + 2 ** -10],
    [0x3555, 0.333251953125], [0xc000, -2], [0x7bff, 65504], [0x7c00, Infinity], [0xfc00, -Infinity], [0x7e00, NaN],
  ]
  expect(decodeF16(halves(...cases.map(([bits]) => bits)))).toEqual(Float32Array.from(cases.map(([, value]) => value)))
})

test('bfloat16 is the upper half of a float32', () => {
  expect(decodeBf16(halves(0x3f80, 0xc020, 0x7f80, 0x0001, 0x4049))).toEqual(Float32Array.of(1, -2.5, Infinity, 2 ** -133, 3.140625))
})

test('numbers are read from odd offsets, too', () => {
  expect(decodeF16(new Uint8Array([9, 0, 0x3c]).subarray(1))).toEqual(Float32Array.of(1))
})

/** A source that counts its reads and bytes. */
function counted(values: Float32Array): { source: ByteSource; reads: number[] } {
  const inner = bytesSource('w', new Uint8Array(values.buffer))
  const reads: number[] = []
  return { reads, source: { ...inner, read: (offset, length) => (reads.push(length), inner.read(offset, length)) } }
}

function matrix(rows: number, columns: number, stride: readonly number[], firstElement = 0): TensorEntry {
  const extent = (rows - 1) * stride[0]! + (columns - 1) * stride[1]! + 1
  return { name: 'm', dtype: 'F32', shape: [rows, columns], stride, offset: firstElement * 4, length: extent * 4 }
}

describe('lines of a matrix', () => {
  const numbers = Float32Array.from({ length: 5 * 4000 }, (_, i) => i)
  const cases: [string, TensorEntry][] = [
    ['row-major, narrow', matrix(50, 40, [40, 1])],
    ['row-major, wide', matrix(5, 4000, [4000, 1])],
    ['transposed', matrix(40, 50, [1, 40])],
    ['a part of a larger one', matrix(30, 7, [100, 1], 13)],
    ['every second number', matrix(30, 7, [100, 2], 13)],
  ]
  test.each(cases)('%s: rows, columns and the whole agree', async (_, entry) => {
    const { source } = counted(numbers)
    const [rows, columns] = entry.shape as [number, number]
    const whole = await readTensor(source, entry)
    const expected = Float32Array.from({ length: rows * columns }, (_, i) => entry.offset / 4 + Math.floor(i / columns) * entry.stride[0]! + (i % columns) * entry.stride[1]!)
    expect(whole).toEqual(expected)
    for (const row of [0, 3, rows - 1]) expect(await readRow(source, entry, row)).toEqual(expected.subarray(row * columns, (row + 1) * columns))
    for (const column of [0, 3, columns - 1]) expect(await readColumn(source, entry, column)).toEqual(Float32Array.from({ length: rows }, (_, row) => expected[row * columns + column]!))
  })

  test('a contiguous column is one read of its own bytes, a column of wide rows one number per row', async () => {
    const transposed = counted(numbers)
    await readColumn(transposed.source, matrix(40, 50, [1, 40]), 7)
    expect(transposed.reads).toEqual([160])
    const wide = counted(numbers)
    await readColumn(wide.source, matrix(5, 4000, [4000, 1]), 7)
    expect(wide.reads).toEqual([4, 4, 4, 4, 4])
  })

  test('a line that is not there is refused', async () => {
    await expect(readColumn(counted(numbers).source, matrix(5, 4, [4, 1]), 4)).rejects.toThrow('tensor m has no line 4 of 4')
  })
})

test('integers are no weights', async () => {
  const entry: TensorEntry = { name: 'ids', dtype: 'I64', shape: [1], stride: rowMajorStride([1]), offset: 0, length: 8 }
  await expect(readTensor(bytesSource('w', new Uint8Array(8)), entry)).rejects.toThrow('tensor "ids" has the dtype I64, which holds no weights')
})
