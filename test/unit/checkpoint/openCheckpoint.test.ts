// Opening model folders: what is found in right ones, and the sentence for each thing that can be wrong on disk.
import { mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { openPromptModel } from '../../../server/checkpoint/openPromptModel'
import { readStoredColumn, readStoredRow, readStoredTensor } from '../../../server/checkpoint/storedTensor'
import { writeSafetensors } from '../../../server/formats/safetensors'
import { InputError } from '../../../server/protocol/errors'
import { tinyTokenizerJson } from '../formats/tinyTokenizer'
import { newFolder, TINY_CONFIG, writeJson, writeModel } from './tinyFolders'

let folder: string
beforeEach(async () => {
  folder = join(await newFolder(), 'tiny')
})

/** The message of the InputError, with the folder's path left out. */
async function refusal(opening: Promise<unknown>): Promise<string> {
  const error: unknown = await opening.then(() => null, (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(InputError)
  return (error as InputError).message.replaceAll(`${folder}/`, '')
}

describe('a checkpoint', () => {
  test('in one file', async () => {
    await writeModel(folder)
    const checkpoint = await openCheckpoint(folder)
    expect(checkpoint).toMatchObject({ name: 'tiny', config: { layers: 2, dModel: 8 }, stopIds: [257, 256, 258] })
    expect(checkpoint.parameters).toBe(260 * 8 + 8 + 2 * (8 + 8 + 4 + 4 + 8 * 8 + 4 * 8 + 4 * 8 + 8 * 8 + 3 * 8 * 12))
    expect([...(await readStoredTensor(checkpoint.tensors.get('model.norm.weight')!))]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const embedding = checkpoint.tensors.get('model.embed_tokens.weight')!
    expect([...(await readStoredRow(embedding, 2))]).toEqual([16, 17, 18, 19, 20, 21, 22, 23])
    expect([...(await readStoredColumn(embedding, 1))].slice(0, 3)).toEqual([1, 9, 17])
  })

  test('in shards, one of them a link into a cache', async () => {
    await writeModel(folder, { ...TINY_CONFIG, tie_word_embeddings: false }, 3)
    const shard = join(folder, 'model-00002-of-00003.safetensors')
    await mkdir(join(folder, '../blobs'))
    await writeFile(join(folder, '../blobs/abc'), await readFile(shard))
    await rm(shard)
    await symlink('../blobs/abc', shard)
    const { tensors } = await openCheckpoint(folder)
    expect(tensors.size).toBe(2 + 2 * 11 + 1)
    expect(new Set([...tensors.values()].map(({ file }) => file.split('/').at(-1)))).toEqual(new Set(['model-00001-of-00003.safetensors', 'abc', 'model-00003-of-00003.safetensors']))
  })

  test('whose lm_head is tied needs none, and ignores the one in a shard that is missing', async () => {
    await writeModel(folder, TINY_CONFIG, 2)
    const index = JSON.parse(await readFile(join(folder, 'model.safetensors.index.json'), 'utf8')) as { weight_map: Record<string, string> }
    index.weight_map['lm_head.weight'] = 'model-00009-of-00009.safetensors'
    await writeJson(folder, 'model.safetensors.index.json', index)
    expect((await openCheckpoint(folder)).tensors.has('lm_head.weight')).toBe(false)
  })

  test('stops where generation_config.json says, too, and only at ids that exist', async () => {
    await writeModel(folder)
    await writeJson(folder, 'generation_config.json', { eos_token_id: [5, 151643] })
    expect((await openCheckpoint(folder)).stopIds).toEqual([5, 257, 256, 258])
  })
})

describe('a checkpoint that is not right', () => {
  const shape = (name: string, sizes: number[]): Promise<void> =>
    writeFile(join(folder, 'model.safetensors'), writeSafetensors([{ name, shape: sizes, data: new Float32Array(sizes.reduce((a, b) => a * b, 1)) }]))
  const cases: [what: string, spoil: () => Promise<unknown>, message: string][] = [
    ['is not there', () => rm(folder, { recursive: true }), 'model folder FOLDER does not exist'],
    ['is a file', () => rm(folder, { recursive: true }).then(() => writeFile(folder, '')), 'model folder FOLDER is not a folder'],
    ['has no config.json', () => rm(join(folder, 'config.json')), 'config.json is missing'],
    ['has a config.json that is no JSON', () => writeFile(join(folder, 'config.json'), '{"a"'), 'config.json is not JSON'],
    ['has a config.json that is nested without end', () => writeFile(join(folder, 'config.json'), '['.repeat(1e6)), 'config.json is nested 1000000 deep'],
    ['has a folder for config.json', () => rm(join(folder, 'config.json')).then(() => mkdir(join(folder, 'config.json'))), 'config.json is not a file'],
    ['is of another architecture', () => writeJson(folder, 'config.json', { architectures: ['GPT2LMHeadModel'] }), 'config.json architecture "GPT2LMHeadModel" is not supported'],
    ['has no weights', () => rm(join(folder, 'model.safetensors')), 'FOLDER has no model.safetensors'],
    ['has truncated weights', () => truncate(join(folder, 'model.safetensors'), 4000), 'model.safetensors is truncated: tensor "model.embed_tokens.weight" ends at byte'],
    ['has an empty file for weights', () => truncate(join(folder, 'model.safetensors'), 0), 'model.safetensors is 0 bytes long, too short for a safetensors file'],
    ['lacks a tensor', () => shape('model.embed_tokens.weight', [260, 8]), 'model.safetensors has no tensor "model.layers.0.input_layernorm.weight"'],
    ['has weights of another size', () => writeJson(folder, 'config.json', { ...TINY_CONFIG, intermediate_size: 16 }), 'model.safetensors tensor "model.layers.0.mlp.gate_proj.weight" has the shape [12, 8] where config.json asks for [16, 8]'],
    ['asks for more layers than there are', () => writeJson(folder, 'config.json', { ...TINY_CONFIG, num_hidden_layers: 3 }), 'model.safetensors has no tensor "model.layers.2.input_layernorm.weight"'],
    ['has integers for weights', async () => {
      const file = join(folder, 'model.safetensors')
      await writeFile(file, (await readFile(file)).toString('latin1').replaceAll('"F32"', '"I32"'), 'latin1')
    }, 'model.safetensors tensor "model.embed_tokens.weight" has the dtype I32, which is not supported'],
    ['has an index to nowhere', () => writeJson(folder, 'model.safetensors.index.json', { weight_map: { 'model.embed_tokens.weight': '../../etc/passwd' } }), 'model.safetensors.index.json sends tensor "model.embed_tokens.weight" to "../../etc/passwd", which is not a file of this folder'],
    ['has an index without a tensor', () => writeJson(folder, 'model.safetensors.index.json', { weight_map: {} }), 'model.safetensors.index.json has no tensor "model.embed_tokens.weight"'],
  ]
  test.each(cases)('%s', async (_, spoil, message) => {
    await writeModel(folder)
    await spoil()
    expect((await refusal(openCheckpoint(folder))).slice(0, message.replace('FOLDER', folder).length)).toBe(message.replace('FOLDER', folder))
  })

  test('lacks a shard', async () => {
    await writeModel(folder, TINY_CONFIG, 2)
    await rm(join(folder, 'model-00002-of-00002.safetensors'))
    expect(await refusal(openCheckpoint(folder))).toBe('model-00002-of-00002.safetensors is missing')
  })
})

test('a snapshot of which a part is missing says how its download goes on', async () => {
  const snapshot = join(folder, 'models--Acme--Big/snapshots/0123')
  await writeModel(snapshot)
  await rm(join(snapshot, 'model.safetensors'))
  await expect(openCheckpoint(snapshot)).rejects.toMatchObject({ message: `${snapshot} has no model.safetensors`, remedy: 'finish its download with: promptscope download Acme/Big' })
})

describe('the tokenizer and the chat template', () => {
  test('are found in all three places', async () => {
    await writeModel(folder)
    expect((await openPromptModel(folder)).chatTemplate).toBeNull()
    await writeJson(folder, 'tokenizer_config.json', { chat_template: [{ name: 'tool_use', template: 'T' }, { name: 'default', template: 'A' }] })
    expect((await openPromptModel(folder)).chatTemplate).toBe('A')
    await writeJson(folder, 'chat_template.json', { chat_template: 'B' })
    expect((await openPromptModel(folder)).chatTemplate).toBe('B')
    await writeFile(join(folder, 'chat_template.jinja'), 'C')
    expect((await openPromptModel(folder)).chatTemplate).toBe('C')
  })

  test('a tokenizer that is missing or damaged is named with its file', async () => {
    await writeModel(folder)
    await writeJson(folder, 'tokenizer.json', { ...tinyTokenizerJson(), model: { type: 'WordPiece' } })
    expect(await refusal(openPromptModel(folder))).toBe('tokenizer.json model type "WordPiece" is not supported')
    await rm(join(folder, 'tokenizer.json'))
    expect(await refusal(openPromptModel(folder))).toBe('tokenizer.json is missing')
  })
})
