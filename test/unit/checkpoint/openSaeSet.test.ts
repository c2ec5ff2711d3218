// Opening SAE set folders and pairing them with models.
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { openSaeSet } from '../../../server/checkpoint/openSaeSet'
import { checkPairing } from '../../../server/checkpoint/pairing'
import { readStoredColumn } from '../../../server/checkpoint/storedTensor'
import { InputError } from '../../../server/protocol/errors'
import { newFolder, TINY_SAE_CONFIG, torchArchive, writeJson, writeModel, writeSaeSet } from './tinyFolders'

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
