// Opening SAE set folders, pairing them with models, and finding both.
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { findModels } from '../../../server/checkpoint/findModels'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { checkPairing, openSaeSet } from '../../../server/checkpoint/openSaeSet'
import { readStoredColumn } from '../../../server/checkpoint/storedTensor'
import { InputError } from '../../../server/protocol/errors'
import { newFolder, TINY_CONFIG, TINY_SAE_CONFIG, torchArchive, writeJson, writeModel, writeSaeSet } from './tinyFolders'

let root: string
let folder: string
beforeEach(async () => {
  root = await newFolder()
  folder = join(root, 'tiny-sae')
})

describe('an SAE set', () => {
  test('is opened with every layer that it has', async () => {
    await writeSaeSet(folder, TINY_SAE_CONFIG, [1])
    await writeFile(join(folder, 'README.md'), '')
    const set = await openSaeSet(folder)
    expect(set).toMatchObject({ name: 'tiny-sae', baseModel: 'Qwen/tiny', dModel: 8, dSae: 16, k: 2, modelLayers: 2 })
    expect([...set.layers.keys()]).toEqual([1])
    expect([...(await readStoredColumn(set.layers.get(1)!.W_dec, 3))]).toEqual([3, 19, 35, 51, 67, 83, 99, 115])
  })

  const cases: [what: string, spoil: () => Promise<unknown>, message: string][] = [
    ['has no config.json', () => rm(join(folder, 'config.json')), 'config.json is missing'],
    ['has no layer', () => Promise.all([0, 1].map((layer) => rm(join(folder, `layer${layer}.sae.pt`)))), 'has no layer file such as layer0.sae.pt'],
    ['has a layer too many', async () => writeFile(join(folder, 'layer2.sae.pt'), await readFile(join(folder, 'layer0.sae.pt'))), 'layer2.sae.pt is beyond the 2 layers that config.json tells'],
    ['has a truncated layer', () => truncate(join(folder, 'layer1.sae.pt'), 900), 'layer1.sae.pt is truncated or no ZIP archive'],
    ['lacks a tensor', () => writeFile(join(folder, 'layer1.sae.pt'), torchArchive({ W_enc: [16, 8], b_enc: [16], W_dec: [8, 16] })), 'layer1.sae.pt has no tensor "b_dec"'],
    ['has a tensor the wrong way round', () => writeFile(join(folder, 'layer1.sae.pt'), torchArchive({ W_enc: [16, 8], b_enc: [16], W_dec: [16, 8], b_dec: [8] })), 'layer1.sae.pt tensor "W_dec" has the shape [16, 8] where [8, 16] is expected'],
    ['is of another kind', () => writeJson(folder, 'config.json', { ...TINY_SAE_CONFIG, model_type: 'gated_sae' }), 'config.json model_type "gated_sae" is not supported'],
  ]
  test.each(cases)('that %s is explained', async (_, spoil, message) => {
    await writeSaeSet(folder)
    await spoil()
    const error: unknown = await openSaeSet(folder).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).message).toContain(message)
    expect((error as InputError).message.startsWith(folder)).toBe(true)
  })

  test('that was made for another model is refused with both sizes', async () => {
    await writeModel(join(root, 'tiny'))
    const checkpoint = await openCheckpoint(join(root, 'tiny'))
    await writeSaeSet(folder, { ...TINY_SAE_CONFIG, num_layers: 28 })
    const set = await openSaeSet(folder)
    expect(() => checkPairing(checkpoint, set)).toThrow(`SAE set ${set.path} is for 28 layers and the model has 2`)
    expect(() => checkPairing(checkpoint, { ...set, dModel: 2048 })).toThrow('is for d_model 2048 and the model has 8')
    expect(() => checkPairing(checkpoint, { ...set, modelLayers: 2 })).not.toThrow()
  })
})

describe('finding models', () => {
  test('lists what is there, two folders deep, with matching SAE sets first and problems said', async () => {
    await writeModel(join(root, 'models/qwen/tiny'))
    await writeModel(join(root, 'models/wide'), { ...TINY_CONFIG, hidden_size: 16, head_dim: 8 })
    await writeModel(join(root, 'models/broken'))
    await rm(join(root, 'models/broken/model.safetensors'))
    await writeModel(join(root, 'models/other'))
    await writeJson(join(root, 'models/other'), 'config.json', { architectures: ['GPT2LMHeadModel'] })
    await writeSaeSet(join(root, 'models/saes/a-wide'), { ...TINY_SAE_CONFIG, d_model: 16 })
    await writeSaeSet(join(root, 'models/saes/b-tiny'))
    const found = await findModels([join(root, 'models'), join(root, 'nowhere')])
    expect(found.map(({ name, architecture, layers, problem }) => ({ name, architecture, layers, problem: problem?.replaceAll(root, '') ?? null }))).toEqual([
      { name: 'broken', architecture: 'qwen3', layers: 2, problem: '/models/broken has no model.safetensors; choose a folder that holds a Hugging Face checkpoint' },
      { name: 'other', architecture: null, layers: 0, problem: '/models/other/config.json architecture "GPT2LMHeadModel" is not supported: it is unknown as a whole, and config.json does not show what sets it apart; choose a model of the architecture qwen3, qwen3_moe, qwen3_5, qwen3_5_moe, llama or qwen2' },
      { name: 'tiny', architecture: 'qwen3', layers: 2, problem: null },
      { name: 'wide', architecture: 'qwen3', layers: 2, problem: null },
    ])
    expect(found[2]!.saeSets.map(({ name, matches, note }) => ({ name, matches, note }))).toEqual([
      { name: 'b-tiny', matches: true, note: 'trained on Qwen/tiny' },
      { name: 'a-wide', matches: false, note: 'is for d_model 16 and the model has 8' },
    ])
  })

  test('finds the SAE set beside a model that is given itself, and says what fits', async () => {
    await writeModel(join(root, 'demo/model'))
    await writeSaeSet(join(root, 'demo/sae'))
    const [model] = await findModels([join(root, 'demo/model')], { memoryBytes: 20_000 })
    expect(model).toMatchObject({ name: 'demo/model', fits: true, saeSets: [{ name: 'demo/sae', matches: true }] })
    const [large] = await findModels([join(root, 'demo/model')], { memoryBytes: 1_000 })
    expect(large!.fits).toBe(false)
    expect(large!.bytesNeeded).toBe(large!.parameters * 4 + 2 * 2 * 1 * 4 * 4 * 64)
  })
})
