// The random model and SAE set that the benchmarks run on are what they claim: checkpoints that our own readers open, with numbers of the right size.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { benchFiles, missingBytes, type BenchFiles } from '../../../scripts/bench/benchFiles'
import { TINY } from '../../../scripts/bench/modelShape'
import { withFile } from '../../../server/checkpoint/fileSource'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { openPromptModel } from '../../../server/checkpoint/openPromptModel'
import { openSaeSet } from '../../../server/checkpoint/openSaeSet'
import { readTensor } from '../../../server/formats/float16'
import type { StoredTensor } from '../../../server/formats/tensorEntry'
import { temporaryFolder } from './temporaryFolder'

const { model, sae } = TINY
const folder = temporaryFolder()
const said: string[] = []
let files: BenchFiles

beforeAll(() => {
  files = benchFiles(folder, TINY, ['model', 'sae'], (line) => said.push(line))
})

describe('the model', () => {
  it('is a Qwen3 checkpoint with every tensor of its shape', async () => {
    const { config, parameters } = await openCheckpoint(files.model)
    expect(config).toMatchObject({ architecture: 'qwen3', layers: model.layers, dModel: model.dModel, kvHeads: model.kvHeads, tiedEmbeddings: true, vocabSize: model.vocabSize })
    const perLayer = model.dModel * model.headDim * (2 * model.heads + 2 * model.kvHeads) + 3 * model.dModel * model.dFfn + 2 * model.dModel + 2 * model.headDim
    expect(parameters).toBe(model.vocabSize * model.dModel + model.layers * perLayer + model.dModel)
  })

  it('has normally distributed weights, scaled by what they add up', async () => {
    const { tensors } = await openCheckpoint(files.model)
    const q = await read(tensors.get('model.layers.2.self_attn.q_proj.weight')!)
    expect(mean(q)).toBeCloseTo(0, 2)
    expect(Math.sqrt(mean(q.map((x) => x * x))) * Math.sqrt(model.dModel)).toBeCloseTo(1, 1)
    // Of a normal distribution 4.55 % lie beyond two deviations.
    expect(q.filter((x) => Math.abs(x) * Math.sqrt(model.dModel) > 2).length / q.length).toBeCloseTo(0.0455, 2)
    expect(new Set(await read(tensors.get('model.norm.weight')!))).toEqual(new Set([1]))
  })

  it('has a tokenizer that gives each digit a token', async () => {
    const { tokenizer } = await openPromptModel(files.model)
    expect(tokenizer.encode('0123456789').map(({ id }) => id)).toEqual([...'0123456789'].map((digit) => digit.charCodeAt(0)))
  })
})

describe('the SAE set', () => {
  it('is one of Qwen-Scope with an SAE for each layer', async () => {
    const set = await openSaeSet(files.sae)
    expect([set.layout, [...set.layers.keys()], set.dModel, set.dSae, set.k]).toEqual(['Qwen-Scope', sae.layers, model.dModel, sae.dSae, sae.k])
  })

  it('writes along the direction that it reads', async () => {
    const layer = (await openSaeSet(files.sae)).layers.get(sae.layers[0]!)!
    const [W_enc, W_dec] = [await read(layer.W_enc), await read(layer.W_dec)]
    expect(mean(W_enc.map((x) => x * x)) * model.dModel).toBeCloseTo(1, 1)
    for (const [feature, dimension] of [[0, 0], [7, 63], [255, 1]] as const) expect(W_dec[dimension * sae.dSae + feature]).toBe(W_enc[feature * model.dModel + dimension])
  })

  it('is an archive whose checksums hold', async () => {
    const bytes = await buffer(createReadStream(join(files.sae, `layer${sae.layers[0]!}.sae.pt`)))
    const directory = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
    const [claimed, size, nameLength, header] = [bytes.readUInt32LE(directory + 16), bytes.readUInt32LE(directory + 24), bytes.readUInt16LE(directory + 28), bytes.readUInt32LE(directory + 42)]
    expect(bytes.subarray(directory + 46, directory + 46 + nameLength).toString()).toBe(`layer${sae.layers[0]!}.sae/data.pkl`)
    const data = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28)
    expect(crc32(bytes.subarray(data, data + size))).toBe(claimed)
  })
})

it('files that are complete are used again, and others are written anew', async () => {
  expect(said).toHaveLength(2)
  expect(missingBytes(folder, TINY, ['model', 'sae'])).toBe(0)
  const other = { ...TINY, sae: { ...sae, dSae: 512 } }
  expect(missingBytes(folder, other, ['sae'])).toBe(sae.layers.length * 4 * (2 * 512 * model.dModel + 512 + model.dModel))
  expect(JSON.parse(await readFile(join(files.model, 'config.json'), 'utf8'))).toMatchObject({ hidden_size: model.dModel })
})

const read = (tensor: StoredTensor): Promise<Float32Array> => withFile(tensor.file, 'look', (bytes) => readTensor(bytes, tensor))
const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
