// The safetensors reader: what it reads back, and one sentence for everything in a header that cannot be true.
import { describe, expect, test } from 'vitest'
import { bytesSource } from '../../../server/formats/byteSource'
import { readTensor } from '../../../server/formats/float16'
import { readSafetensors, writeSafetensors } from '../../../server/formats/safetensors'
import { parseSafetensorsIndex } from '../../../server/formats/safetensorsIndex'
import { InputError } from '../../../server/protocol/errors'

const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({ dtype, shape, data_offsets: offsets })

/** A file with this header text and `dataBytes` zero bytes after it. */
function file(header: string | object, dataBytes = 0, claimed?: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed ?? text.length), true)
  bytes.set(text, 8)
  return bytes
}

test('what is written is read back, with places in the file', async () => {
  const data = Float32Array.from([1, -2.5, 3e-9, 4, 5, 6])
  const source = bytesSource('w.safetensors', writeSafetensors([{ name: 'a', shape: [2, 3], data }, { name: 'b', shape: [], data: Float32Array.of(7) }]))
  const { tensors } = await readSafetensors(source)
  expect([...tensors.values()].map(({ name, dtype, shape, stride }) => ({ name, dtype, shape, stride }))).toEqual([
    { name: 'a', dtype: 'F32', shape: [2, 3], stride: [3, 1] },
    { name: 'b', dtype: 'F32', shape: [], stride: [] },
  ])
  expect(await readTensor(source, tensors.get('a')!)).toEqual(data)
  expect(await readTensor(source, tensors.get('b')!)).toEqual(Float32Array.of(7))
  expect(tensors.get('a')!.offset % 8).toBe(0)
})

test('metadata and empty tensors are read', async () => {
  const header = { __metadata__: { format: 'pt' }, empty: entry([0, 4], [0, 0]), x: entry([1], [0, 4]) }
  const { tensors, metadata } = await readSafetensors(bytesSource('w.safetensors', file(header, 4)))
  expect(metadata).toEqual({ format: 'pt' })
  expect([...tensors.keys()]).toEqual(['empty', 'x'])
})

describe('a header that cannot be true is refused in one sentence', () => {
  const cases: [what: string, bytes: Uint8Array, sentence: string][] = [
    ['a short file', new Uint8Array(5), 'w.safetensors is 5 bytes long, too short for a safetensors file'],
    ['another format', new Uint8Array(64), 'w.safetensors is not a safetensors file'],
    ['a header beyond the limit', file('{}', 0, 2 ** 40), 'w.safetensors claims a header of 1099511627776 bytes, more than the limit of 100000000'],
    ['a header beyond the file', file('{}', 0, 5000), 'w.safetensors is truncated: its header needs 5008 bytes and the file has 10'],
    ['no JSON', file('{"a": '), 'w.safetensors has a header that is not JSON'],
    ['broken UTF-8', file(String.raw`{"a":1}`).map((byte) => (byte === 0x61 ? 0xff : byte)), 'w.safetensors has a header that is not JSON'],
    ['deep nesting', file('{"a":' + '['.repeat(100_000) + ']'.repeat(100_000) + '}'), 'w.safetensors has a header that is nested 100001 deep'],
    ['far too many tensors', file('{' + '"a":{},'.repeat(200_001) + '"b":{}}'), 'w.safetensors names 200002 tensors, more than the limit of 200000'],
    ['a name twice', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), 'w.safetensors has a header that names something twice'],
    ['a field twice', file('{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}', 1), 'w.safetensors has a header that names something twice'],
    ['an unknown dtype', file({ a: entry([1], [0, 1], 'F8_E4M3') }, 1), 'w.safetensors tensor "a" has the dtype "F8_E4M3", which is not supported'],
    ['no dtype', file({ a: { shape: [1], data_offsets: [0, 1] } }, 1), 'w.safetensors tensor "a" has the dtype nothing, which is not supported'],
    ['a dtype from the prototype', file({ a: entry([1], [0, 1], 'toString') }, 1), 'w.safetensors tensor "a" has the dtype "toString", which is not supported'],
    ['a negative size', file({ a: entry([-1], [0, 4]) }, 4), 'w.safetensors tensor "a" has the shape [-1], which is not a list of sizes'],
    ['a fractional size', file({ a: entry([1.5], [0, 6]) }, 6), 'w.safetensors tensor "a" has the shape [1.5], which is not a list of sizes'],
    ['absurd sizes', file({ a: entry([2 ** 40, 2 ** 40], [0, 4]) }, 4), 'w.safetensors tensor "a" has 4 bytes where F32 [1099511627776, 1099511627776] needs 4.835703278458517e+24'],
    ['offsets that run backwards', file({ a: entry([1], [8, 4]) }, 8), 'w.safetensors tensor "a" has the data_offsets 8..4, which run backwards'],
    ['offsets that are no positions', file({ a: entry([1], [0.5, 4.5]) }, 8), 'w.safetensors tensor "a" has the data_offsets [0.5,4.5], which are not two positions'],
    ['negative offsets', file({ a: entry([1], [-4, 0]) }, 8), 'w.safetensors tensor "a" has the data_offsets [-4,0], which are not two positions'],
    ['a length that does not fit', file({ a: entry([3], [0, 8]) }, 8), 'w.safetensors tensor "a" has 8 bytes where F32 [3] needs 12'],
    ['missing data', file({ a: entry([100], [0, 400]) }, 12), 'w.safetensors is truncated: tensor "a" ends at byte 466 and the file has 78'],
    ['overlaps', file({ a: entry([2], [0, 8]), b: entry([1], [4, 8]) }, 8), 'w.safetensors tensor "b" overlaps tensor "a"'],
    ['an entry that is none', file({ a: 3 }), 'w.safetensors tensor "a" is not described by an object'],
    ['metadata that is none', file({ __metadata__: { a: 1 } }), 'w.safetensors has __metadata__ that is not a map of strings'],
  ]
  test.each(cases)('%s', async (_, bytes, sentence) => {
    const error: unknown = await readSafetensors(bytesSource('w.safetensors', bytes)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).message).toBe(sentence)
  })
})

describe('a shard index', () => {
  test('tells the shard of each tensor, whatever the shards are called', () => {
    const index = parseSafetensorsIndex({ metadata: {}, weight_map: { a: 'model.safetensors-00001-of-00001.safetensors', b: 'x.safetensors' } }, 'i.json')
    expect([...index]).toEqual([['a', 'model.safetensors-00001-of-00001.safetensors'], ['b', 'x.safetensors']])
  })
  test.each(['../secret.safetensors', '/etc/x.safetensors', 'sub/x.safetensors', 'C:\\x.safetensors', 'x\\y.safetensors', 'passwd', 7, null])('refuses the shard %j', (shard) => {
    expect(() => parseSafetensorsIndex({ weight_map: { a: shard } }, 'i.json')).toThrow(`i.json sends tensor "a" to ${JSON.stringify(shard)}, which is not a file of this folder`)
  })
  test('needs a weight_map', () => {
    expect(() => parseSafetensorsIndex([], 'i.json')).toThrow('i.json has no weight_map')
  })
})
