// The GGUF files for llama.cpp, read back by a parser of this test alone: fields, tensors, and blocks whose numbers have the deviation asked for.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TINY } from '../../../scripts/bench/modelShape'
import { float16Bits, ggufBytes, GGUF_TYPES, writeGguf, type GgufType } from '../../../scripts/bench/writeGguf'
import { decodeF16 } from '../../../server/formats/float16'
import { temporaryFolder } from './temporaryFolder'

const { model } = TINY
const folder = temporaryFolder()

describe.each(GGUF_TYPES)('%s', (type) => {
  const path = join(folder, `${type}.gguf`)
  writeGguf(path, model, type)
  const gguf = parse(readFileSync(path))

  it('says what model it is', () => {
    expect(gguf.fields.get('general.architecture')).toBe('qwen3')
    expect(gguf.fields.get('qwen3.block_count')).toBe(model.layers)
    expect(gguf.fields.get('qwen3.attention.key_length')).toBe(model.headDim)
    expect((gguf.fields.get('tokenizer.ggml.tokens') as string[]).length).toBe(model.vocabSize)
    expect(new Set(gguf.fields.get('tokenizer.ggml.tokens') as string[]).size).toBe(model.vocabSize)
  })

  it('has eleven tensors a layer, the embeddings and the last norm, without gaps beyond the alignment', () => {
    expect(gguf.tensors.size).toBe(11 * model.layers + 2)
    expect(gguf.tensors.get('token_embd.weight')).toMatchObject({ dimensions: [model.dModel, model.vocabSize], offset: 0 })
    expect(gguf.tensors.get('blk.3.ffn_down.weight')!.dimensions).toEqual([model.dFfn, model.dModel])
    expect([...gguf.tensors.values()].every(({ offset }) => offset % 32 === 0)).toBe(true)
    expect(gguf.data.length).toBe(ggufBytes(model, type))
  })

  it('has weights around zero with a deviation of one over the root of what they add up', () => {
    const { offset, dimensions } = gguf.tensors.get('blk.1.attn_q.weight')!
    const [columns, rows] = dimensions as [number, number]
    const values = dequantise(type, gguf.data.subarray(offset), rows * columns)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean).toBeCloseTo(0, 2)
    expect(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length) * Math.sqrt(columns)).toBeCloseTo(1, 1)
  })

  it('has norms of one', () => {
    const { offset } = gguf.tensors.get('output_norm.weight')!
    expect(gguf.data.readFloatLE(offset + 4 * (model.dModel - 1))).toBe(1)
  })
})

it.each([1, 0.5, 3.14159, 1 / 2048 / 73.9, 2 ** -14, 2 ** -24, 65504])('the float16 of %d is the nearest', (value) => {
  const [back] = decodeF16(Uint8Array.of(float16Bits(value) & 255, float16Bits(value) >> 8))
  expect(Math.abs(back! - value)).toBeLessThanOrEqual(Math.max(value * 2 ** -11, 2 ** -25))
})

interface ParsedGguf {
  readonly fields: ReadonlyMap<string, unknown>
  readonly tensors: ReadonlyMap<string, { readonly dimensions: readonly number[]; readonly type: number; readonly offset: number }>
  readonly data: Buffer
}

/** By https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
function parse(bytes: Buffer): ParsedGguf {
  let at = 0
  const u32 = (): number => bytes.readUInt32LE((at += 4) - 4)
  const u64 = (): number => Number(bytes.readBigUInt64LE((at += 8) - 8))
  const text = (): string => {
    const length = u64()
    return bytes.subarray(at, (at += length)).toString()
  }
  const value = (type: number): unknown => {
    if (type === 4) return u32()
    if (type === 5) return bytes.readInt32LE((at += 4) - 4)
    if (type === 6) return bytes.readFloatLE((at += 4) - 4)
    if (type === 8) return text()
    if (type !== 9) throw new Error(`field type ${type}`)
    const items = u32()
    return Array.from({ length: u64() }, () => value(items))
  }
  expect([bytes.subarray(0, (at = 4)).toString(), u32()]).toEqual(['GGUF', 3])
  const [tensorCount, fieldCount] = [u64(), u64()]
  const fields = new Map(Array.from({ length: fieldCount }, () => [text(), value(u32())] as const))
  const tensors = new Map(Array.from({ length: tensorCount }, () => [text(), { dimensions: Array.from({ length: u32() }, u64), type: u32(), offset: u64() }] as const))
  return { fields, tensors, data: bytes.subarray(Math.ceil(at / 32) * 32) }
}

/** Q8_0: a float16 scale and 32 int8; Q4_0: a float16 scale and 16 bytes, the first half of the block in the low nibbles, around 8. */
function dequantise(type: GgufType, blocks: Buffer, count: number): number[] {
  const width = type === 'Q8_0' ? 34 : 18
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor(index / 32) * width
    const [scale] = decodeF16(blocks.subarray(start, start + 2))
    const place = index % 32
    if (type === 'Q8_0') return scale! * blocks.readInt8(start + 2 + place)
    const byte = blocks[start + 2 + (place % 16)]!
    return scale! * ((place < 16 ? byte & 15 : byte >> 4) - 8)
  })
}
