// Rounding to 8 and 4 bits against numpy, for every stored type, with columns that do not fill the last block.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bytesSource } from '../../server/formats/byteSource'
import { quantiseRows } from '../../server/formats/quantise'
import { readSafetensors } from '../../server/formats/safetensors'

const file = new Uint8Array(readFileSync(join(import.meta.dirname, 'quantise/quantised.safetensors')))
const { tensors } = await readSafetensors(bytesSource('quantised.safetensors', file))
const bytesOf = (name: string): Uint8Array => {
  const { offset, length } = tensors.get(name)!
  return file.slice(offset, offset + length)
}

const CASES = ['bf16', 'f16', 'f32'].flatMap((dtype) => ([[8, 32], [8, 64], [4, 32], [4, 64]] as const).map(([bits, block]) => ({ dtype, bits, block })))

it.each(CASES)('rounds $dtype to $bits bits in blocks of $block as numpy does', ({ dtype, bits, block }) => {
  const { codes, scales } = quantiseRows(bytesOf(dtype), tensors.get(dtype)!.dtype, 150, { bits, block })
  const name = `${dtype}.${bits}.${block}`
  expect(unpacked(codes, bits)).toEqual(Array.from(bytesOf(`${name}.codes`)))
  expect(Array.from(scales)).toEqual(Array.from(new Float32Array(bytesOf(`${name}.scales`).buffer)))
})

it('reads rows that begin at any byte', () => {
  const moved = new Uint8Array(bytesOf('bf16').length + 1)
  moved.set(bytesOf('bf16'), 1)
  expect(quantiseRows(moved.subarray(1), 'BF16', 150, { bits: 8, block: 32 })).toEqual(quantiseRows(bytesOf('bf16'), 'BF16', 150, { bits: 8, block: 32 }))
})

it('passes on a weight that is no number', () => {
  const { codes, scales } = quantiseRows(new Uint8Array(Float32Array.of(1, NaN, 2, 3).buffer), 'F32', 2, { bits: 8, block: 32 })
  expect(scales[0]).toBeNaN()
  expect((codes[33]! - 128) * scales[1]!).toBeCloseTo(3)
})

/** One code per element; of a byte with two the low half is the first. */
function unpacked(codes: Uint8Array, bits: number): number[] {
  return bits === 8 ? Array.from(codes) : Array.from(codes).flatMap((byte) => [byte & 15, byte >> 4])
}
