// Files of torch.save: what torch wrote (fixtures/torch/make.py) is read back, and nothing in a file is ever run.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytesSource } from '../../../server/formats/byteSource'
import { readTensor } from '../../../server/formats/float16'
import { readTorchFile } from '../../../server/formats/torchPickle'
import { InputError } from '../../../server/protocol/errors'
import { storedZip } from './storedZip'

const fixture = (name: string): Uint8Array => readFileSync(join(__dirname, '../../fixtures/torch', name))
const numbers = Array.from({ length: 12 }, (_, i) => i / 4 - 1)

async function tensorsOf(name: string): Promise<Record<string, { dtype: string; shape: readonly number[]; values: number[] }>> {
  const source = bytesSource(name, fixture(name))
  const { tensors } = await readTorchFile(source)
  const read: Awaited<ReturnType<typeof tensorsOf>> = {}
  for (const tensor of tensors.values()) read[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, values: tensor.dtype === 'I64' ? [] : [...(await readTensor(source, tensor))] }
  return read
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error: unknown = await readTorchFile(bytesSource('layer3.sae.pt', bytes)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(InputError)
  return (error as InputError).line
}

describe('files that torch wrote', () => {
  test('an SAE layer', async () => {
    expect(await tensorsOf('layer0.sae.pt')).toEqual({
      W_enc: { dtype: 'F32', shape: [4, 3], values: numbers },
      b_enc: { dtype: 'F32', shape: [4], values: numbers.slice(0, 4) },
      W_dec: { dtype: 'F32', shape: [3, 4], values: numbers },
      b_dec: { dtype: 'F32', shape: [3], values: numbers.slice(0, 3) },
    })
  })

  test('every dtype, stride and storage offset', async () => {
    const transposed = [0, 1, 2].flatMap((row) => [0, 1, 2, 3].map((column) => numbers[column * 3 + row]))
    const cube = [0, 1].flatMap((i) => [0, 1].flatMap((j) => [0, 1, 2].map((k) => numbers[i + 6 * j + 2 * k])))
    expect(await tensorsOf('kinds.pt')).toEqual({
      half: { dtype: 'F16', shape: [3, 4], values: numbers },
      bfloat16: { dtype: 'BF16', shape: [3, 4], values: numbers },
      double: { dtype: 'F64', shape: [3, 4], values: numbers },
      long: { dtype: 'I64', shape: [5], values: [] },
      transposed: { dtype: 'F32', shape: [3, 4], values: transposed },
      offset: { dtype: 'F32', shape: [7], values: numbers.slice(5) },
      every_second: { dtype: 'F32', shape: [6], values: numbers.filter((_, i) => i % 2) },
      scalar: { dtype: 'F32', shape: [], values: [2.5] },
      empty: { dtype: 'F32', shape: [0, 3], values: [] },
      cube: { dtype: 'F32', shape: [2, 2, 3], values: cube },
      parameter: { dtype: 'F32', shape: [2], values: numbers.slice(0, 2) },
    })
    expect(Object.fromEntries((await readTorchFile(bytesSource('kinds.pt', fixture('kinds.pt')))).metadata)).toEqual({ k: 50, bandwidth: 0.001, name: 'tiny', tied: true, nothing: null })
  })

  test('a state_dict and pickle protocol 5', async () => {
    expect(Object.keys(await tensorsOf('state_dict.pt'))).toEqual(['weight', 'bias'])
    expect(await tensorsOf('protocol5.pt')).toEqual({ W_enc: { dtype: 'F32', shape: [12], values: numbers } })
  })

  const refused: [string, string][] = [
    ['module.pt', 'layer3.sae.pt wants to call torch.nn.modules.linear.Linear, which Promptscope never runs; save a plain dict of tensors with torch.save'],
    ['list.pt', 'layer3.sae.pt does not hold a dict of tensors; save a plain dict of tensors with torch.save'],
    ['expanded.pt', 'layer3.sae.pt tensor "expanded" has the shape [1000] over a storage of 1 numbers; save it again after calling contiguous() on it'],
    ['old_format.pt', 'layer3.sae.pt is a bare pickle, the format torch.save had before torch 1.6; load it in Python and save it again with torch.save'],
  ]
  test.each(refused)('%s is refused', async (name, sentence) => {
    expect(await refusal(fixture(name))).toBe(sentence)
  })
})

describe('pickles that want something run', () => {
  const text = (value: string): number[] => [...new TextEncoder().encode(value)]
  const unicode = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...text(value)] // BINUNICODE
  const archive = (...pickle: number[]): Uint8Array => archiveOf(Uint8Array.from(pickle))
  const archiveOf = (pickle: Uint8Array): Uint8Array => storedZip({ 'x/data.pkl': pickle, 'x/byteorder': Uint8Array.from(text('little')) })
  const cases: [string, number[], string][] = [
    ['GLOBAL os.system', [0x80, 2, ...text('cos\nsystem\n'), ...unicode('touch /tmp/owned'), 0x85, 0x52, 0x2e], 'wants to call os.system'],
    ['STACK_GLOBAL posix.system', [0x80, 4, ...unicode('posix'), ...unicode('system'), 0x93, ...unicode('id'), 0x85, 0x52, 0x2e], 'wants to call posix.system'],
    ['INST os.system', [0x80, 2, 0x28, ...unicode('id'), ...text('ios\nsystem\n'), 0x2e], 'wants to call os.system'],
    ['a name that only looks allowed', [0x80, 2, ...text('ctorch._utils\n_rebuild_tensor_v2.__globals__\n'), 0x2e], 'wants to call torch._utils._rebuild_tensor_v2.__globals__'],
    ['a name from the prototype', [0x80, 2, ...text('cconstructor\nx\n'), 0x2e], 'wants to call constructor.x'],
    ['builtins.eval', [0x80, 2, ...text('cbuiltins\neval\n'), ...unicode('1'), 0x85, 0x52, 0x2e], 'wants to call builtins.eval'],
    ['a storage class called as a function', [0x80, 2, ...text('ctorch\nFloatStorage\n'), 0x29, 0x52, 0x2e], 'wants to call torch.FloatStorage'],
    ['OBJ', [0x80, 2, 0x28, 0x6f, 0x2e], 'uses the pickle instruction 0x6f'],
    ['NEWOBJ', [0x80, 2, ...text('ccollections\nOrderedDict\n'), 0x29, 0x81, 0x2e], 'uses the pickle instruction 0x81'],
    ['EXT1', [0x80, 2, 0x82, 1, 0x2e], 'uses the pickle instruction 0x82'],
  ]
  test.each(cases)('%s', async (_, pickle, words) => {
    expect(await refusal(archive(...pickle))).toBe(`layer3.sae.pt ${words}, which Promptscope never runs; save a plain dict of tensors with torch.save`)
  })

  test('a pickle that only grows', async () => {
    expect(await refusal(archiveOf(new Uint8Array(1_000_001).fill(0x28)))).toBe('layer3.sae.pt has a pickle of more than 1000000 instructions; save a plain dict of tensors with torch.save')
  })

  const damaged: [string, number[]][] = [
    ['nothing', []],
    ['no end', [0x80, 2, 0x7d]],
    ['an empty stack', [0x2e]],
    ['a text beyond the end', [0x58, 0xff, 0xff, 0xff, 0x7f, 0x41, 0x2e]],
    ['a memo that was never set', [0x68, 9, 0x2e]],
    ['items without a mark', [0x7d, 0x75, 0x2e]],
    ['items for no dict', [0x4e, 0x28, 0x4e, 0x4e, 0x75, 0x2e]],
    ['a call of a number', [0x4b, 1, 0x29, 0x52, 0x2e]],
  ]
  test.each(damaged)('damaged: %s', async (_, pickle) => {
    expect(await refusal(archive(...pickle))).toBe('layer3.sae.pt has a damaged pickle; download or copy the file again')
  })
})

describe('archives that cannot be true', () => {
  const good = fixture('layer0.sae.pt')

  test('every truncation ends in an InputError', async () => {
    for (let length = 0; length < good.length; length += 13) expect(await refusal(good.slice(0, length)), `${length} bytes`).toMatch(/^layer3\.sae\.pt /)
  })

  test('a flipped byte never ends in anything but an InputError or a dict', async () => {
    for (let at = 0; at < good.length; at += 3) {
      const bytes = good.slice()
      bytes[at]! ^= 0x55
      const error: unknown = await readTorchFile(bytesSource('layer3.sae.pt', bytes)).then(() => null, (thrown: unknown) => thrown)
      if (error !== null) expect(error, `byte ${at}`).toBeInstanceOf(InputError)
    }
  })

  /** `data.pkl` of one tensor 'W' of four floats, with the given storage size, offset, shape and stride. */
  const pickled = (count: number, offset: number, size: number, stride: number): Uint8Array => {
    const encode = (value: string): number[] => [...new TextEncoder().encode(value)]
    const string = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...encode(value)]
    const number = (value: number): number[] => [0x4a, value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255]
    return Uint8Array.from([
      0x80, 2, 0x7d, ...string('W'), ...encode('ctorch._utils\n_rebuild_tensor_v2\n'), 0x28,
      0x28, ...string('storage'), ...encode('ctorch\nFloatStorage\n'), ...string('0'), ...string('cpu'), ...number(count), 0x74, 0x51,
      ...number(offset), ...number(size), 0x85, ...number(stride), 0x85, 0x89, ...encode('ccollections\nOrderedDict\n'), 0x29, 0x52, 0x74, 0x52, 0x73, 0x2e,
    ])
  }
  const archive = (pickle: Uint8Array, storageBytes = 16): Uint8Array => storedZip({ 'x/data.pkl': pickle, 'x/data/0': new Uint8Array(storageBytes) })

  test('the built file is right before it is made wrong', async () => {
    const { tensors } = await readTorchFile(bytesSource('x', archive(pickled(4, 1, 2, 2))))
    expect(tensors.get('W')).toMatchObject({ shape: [2], stride: [2], length: 12 })
  })

  const lies: [string, Uint8Array, string][] = [
    ['a storage larger than its entry', archive(pickled(5, 0, 5, 1)), 'tensor "W" claims a storage of 20 bytes and the archive holds 16'],
    ['a tensor beyond its storage', archive(pickled(4, 2, 3, 1)), 'tensor "W" reaches to number 5 of a storage of 4'],
    ['a stride beyond its storage', archive(pickled(4, 0, 2, 4)), 'tensor "W" reaches to number 5 of a storage of 4'],
    ['a negative offset', archive(pickled(4, -1, 2, 1)), 'has a damaged tensor'],
    ['a negative stride', archive(pickled(4, 3, 2, -1)), 'has a damaged tensor'],
    ['a missing storage', storedZip({ 'x/data.pkl': pickled(4, 0, 4, 1) }), 'tensor "W" has no storage "0" in the archive'],
    ['big-endian numbers', storedZip({ 'x/data.pkl': pickled(4, 0, 4, 1), 'x/data/0': new Uint8Array(16), 'x/byteorder': new TextEncoder().encode('big') }), 'has the byte order "big"'],
    ['a compressed storage', storedZip({ 'x/data.pkl': pickled(4, 0, 4, 1), 'x/data/0': new Uint8Array(16) }, { method: 8 }), 'entry "x/data.pkl" is compressed, which torch.save never does'],
    ['no pickle', storedZip({ 'x/data/0': new Uint8Array(16) }), 'is no file of torch.save: it has 0 entries named data.pkl'],
    ['an entry twice', storedZip([['x/data.pkl', pickled(4, 0, 4, 1)], ['x/data.pkl', pickled(4, 0, 4, 1)]]), 'has two entries named "x/data.pkl"'],
    ['no archive', new Uint8Array(400), 'is truncated or no ZIP archive: it has no archive directory at its end'],
  ]
  test.each(lies)('%s', async (_, bytes, words) => {
    expect(await refusal(bytes)).toContain(`layer3.sae.pt ${words}`)
  })

  test('ZIP64 archives are read', async () => {
    const source = bytesSource('x', storedZip({ 'x/data.pkl': pickled(4, 0, 4, 1), 'x/data/0': new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) }, { zip64: true }))
    const { tensors } = await readTorchFile(source)
    expect(await readTensor(source, tensors.get('W')!)).toEqual(Float32Array.of(1, 2, 3, 4))
  })
})
