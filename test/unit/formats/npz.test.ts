// numpy archives: arrays with their places, and what lies or is compressed.
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../../../server/formats/byteSource'
import { readTensor } from '../../../server/formats/float16'
import { readNpz } from '../../../server/formats/npz'
import { storedZip } from './storedZip'

/** An .npy file, version 1. */
function array(header: string, values: readonly number[]): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`)
  return Uint8Array.from([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, text.length & 255, text.length >> 8, ...text, ...new Uint8Array(Float32Array.from(values).buffer)])
}

const header = (shape: string, descr = '<f4', order = 'False'): string => `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`
const open = (entries: Readonly<Record<string, Uint8Array>>, options = {}) => {
  const source = bytesSource('params.npz', storedZip(entries, options))
  return { source, tensors: readNpz(source) }
}

it('tells where the numbers of each array lie, in either order', async () => {
  const { source, tensors } = open({ 'W.npy': array(header('2, 3'), [1, 2, 3, 4, 5, 6]), 'F.npy': array(header('2, 3', '<f4', 'True'), [1, 4, 2, 5, 3, 6]), 'one.npy': array(header(''), [7]), 'b.npy': array(header('3,'), [8, 9, 10]) })
  const found = await tensors
  const numbers = async (name: string) => [...(await readTensor(source, found.get(name)!))]
  expect(await numbers('W')).toEqual([1, 2, 3, 4, 5, 6])
  expect(await numbers('F')).toEqual([1, 2, 3, 4, 5, 6])
  expect(await numbers('one')).toEqual([7])
  expect(await numbers('b')).toEqual([8, 9, 10])
  expect(found.get('F')!.shape).toEqual([2, 3])
})

describe('an archive', () => {
  it.each([
    ['that is compressed', { 'W.npy': array(header('1,'), [1]) }, { method: 8 }, 'array "W" is compressed'],
    ['whose array claims more than there is', { 'W.npy': array(header('4096, 4096'), [1]) }, {}, 'claims 67108864 bytes and the archive holds 4'],
    ['whose array claims an absurd size', { 'W.npy': array(header('99999999999, 99999999999'), [1]) }, {}, 'claims'],
    ['of Python objects', { 'W.npy': array(header('1,', '|O'), [1]) }, {}, 'has the dtype "|O", which is not supported'],
    ['of big-endian numbers', { 'W.npy': array(header('1,', '>f4'), [1]) }, {}, 'has the dtype ">f4"'],
    ['whose entry is no array', { 'W.npy': new Uint8Array(40) }, {}, 'is no numpy array'],
    ['whose entry is too short', { 'W.npy': new Uint8Array(4) }, {}, 'too short for an array'],
  ])('%s is refused', async (_, entries, options, message) => {
    await expect(open(entries, options).tensors).rejects.toThrow(message)
  })
})
