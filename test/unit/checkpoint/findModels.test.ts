// What is found in folders and caches: models with what they need, SAE sets with how they pair, and what is wrong with either.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { findModels } from '../../../server/checkpoint/findModels'
import { cachedRepositories } from '../../../server/checkpoint/modelCaches'
import { saeSetFolders } from '../../../server/checkpoint/saeSetFolders'
import { newFolder, TINY_CONFIG, TINY_SAE_CONFIG, torchArchive, writeJson, writeModel, writeSaeSet } from './tinyFolders'

const MACHINE = { memoryBytes: 1e9, gpus: [] }
let root: string
beforeEach(async () => void (root = await newFolder()))

test('lists what is there, two folders deep, with matching SAE sets first and problems said', async () => {
  await writeModel(join(root, 'models/qwen/tiny'))
  await writeModel(join(root, 'models/wide'), { ...TINY_CONFIG, hidden_size: 16, head_dim: 8 })
  await writeModel(join(root, 'models/broken'))
  await rm(join(root, 'models/broken/model.safetensors'))
  await writeModel(join(root, 'models/other'))
  await writeJson(join(root, 'models/other'), 'config.json', { architectures: ['GPT2LMHeadModel'] })
  await writeSaeSet(join(root, 'models/saes/a-wide'), { ...TINY_SAE_CONFIG, d_model: 16 })
  await writeSaeSet(join(root, 'models/saes/b-tiny'))
  await writeSaeSet(join(root, 'models/saes/c-gated'), { ...TINY_SAE_CONFIG, model_type: 'gated_sae' })
  const found = await findModels({ demo: null, folders: [join(root, 'models'), join(root, 'nowhere')], caches: [] }, MACHINE)
  expect(found.map(({ name, architecture, layers, source, problem }) => ({ name, architecture, layers, source, problem: problem?.replaceAll(root, '').replace(/[:;].*/, '') ?? null }))).toEqual([
    { name: 'broken', architecture: 'qwen3', layers: 2, source: 'folder', problem: '/models/broken has no model.safetensors' },
    { name: 'other', architecture: null, layers: 0, source: 'folder', problem: '/models/other/config.json architecture "GPT2LMHeadModel" is not supported' },
    { name: 'tiny', architecture: 'qwen3', layers: 2, source: 'folder', problem: null },
    { name: 'wide', architecture: 'qwen3', layers: 2, source: 'folder', problem: null },
  ])
  expect(found[2]!.saeSets.map(({ name, layout, layers, pairing, matches, note }) => ({ name, layout, layers, pairing, matches, note: note.replaceAll(root, '') }))).toEqual([
    { name: 'b-tiny', layout: 'Qwen-Scope', layers: [0, 1], pairing: 'match', matches: true, note: 'trained on Qwen/tiny' },
    { name: 'a-wide', layout: 'unknown', layers: [], pairing: 'mismatch', matches: false, note: expect.stringContaining('W_enc') as string },
    { name: 'c-gated', layout: 'unknown', layers: [], pairing: 'mismatch', matches: false, note: '/models/saes/c-gated/config.json model_type "gated_sae" is not supported' },
  ])
})

test('finds the SAE set beside a model that is given itself, and says what fits', async () => {
  const model = join(root, 'demo/model')
  await writeModel(model)
  await writeSaeSet(join(root, 'demo/sae'))
  const [small] = await findModels({ demo: model, folders: [], caches: [] }, { memoryBytes: 600e6, gpus: [] })
  expect(small).toMatchObject({ name: 'demo/model', source: 'demo', fits: true, saeSets: [{ name: 'demo/sae', matches: true }], precisions: [{ precision: 'exact', fits: true, problem: null }, { precision: 'q8' }, { precision: 'q4' }] })
  const [large] = await findModels({ demo: null, folders: [model], caches: [] }, { memoryBytes: 1_000, gpus: [] })
  expect(large).toMatchObject({ fits: false, source: 'folder', saeSets: [{ name: 'demo/sae' }] })
  expect(large!.bytesNeeded).toBe(large!.precisions[0]!.bytesNeeded)
  expect(large!.bytesNeeded).toBeGreaterThan(large!.parameters * 4)
})

test('finds models and SAE sets in a Hugging Face cache, each with its revision', async () => {
  const cache = join(root, 'hub')
  const snapshot = (repository: string) => join(cache, `models--Qwen--${repository}/snapshots/abc`)
  await writeModel(snapshot('tiny'))
  await writeSaeSet(snapshot('SAE-Res-tiny-Base-W1K-L0_2'))
  await mkdir(join(cache, 'models--Qwen--tiny/refs'))
  await writeFile(join(cache, 'models--Qwen--tiny/refs/main'), 'abc')
  const expected = {
    name: 'tiny', source: 'huggingface', revision: { commit: 'abc', refs: ['main'] },
    saeSets: [{ name: 'SAE-Res-tiny-Base-W1K-L0_2', pairing: 'transfer', note: 'trained on the base model Qwen/tiny-Base and read on its post-trained version: a transfer, so features may mean less here' }],
  }
  expect(await findModels({ demo: null, folders: [], caches: await cachedRepositories({ HF_HUB_CACHE: cache }, root) }, MACHINE)).toMatchObject([expected])
  // The same where the cache is named as a folder of models.
  expect(await findModels({ demo: null, folders: [cache], caches: [] }, MACHINE)).toMatchObject([expected])
})

describe('folders that hold one SAE set each', () => {
  const set = async (path: string, config: object = TINY_SAE_CONFIG, layers = [0, 1]): Promise<void> => writeSaeSet(join(root, path), config as typeof TINY_SAE_CONFIG, layers)
  const found = async (): Promise<string[]> => (await saeSetFolders(root)).map(({ path, problem }) => path.slice(root.length) + (problem ? ' !' : ''))

  test('two sets side by side', async () => {
    await set('a')
    await set('b/c')
    expect(await found()).toEqual(['/a', '/b/c'])
  })
  test('one with a folder for each layer', async () => {
    for (const layer of [0, 1]) await sparsify(`mine/layers.${layer}`)
    expect(await found()).toEqual(['/mine'])
  })
  test('one that cannot be read beside one that can', async () => {
    await set('a', { ...TINY_SAE_CONFIG, model_type: 'gated_sae' })
    await set('b')
    expect(await found()).toEqual(['/a !', '/b'])
  })
  test('none', async () => expect(await found()).toEqual([]))

  /** A folder as sparsify writes it for each layer. */
  async function sparsify(path: string): Promise<void> {
    await mkdir(join(root, path), { recursive: true })
    await writeJson(join(root, path), 'cfg.json', { expansion_factor: 2, normalize_decoder: true, num_latents: 16, k: 2, d_in: 8, activation: 'topk' })
    await writeFile(join(root, path, 'sae.safetensors'), torchArchive({}))
    await mkdir(dirname(join(root, path)), { recursive: true })
  }
})
