// Of a repository only what is needed is planned: the text model's files, or the layers of an SAE set, in every layout.
import { describe, expect, it } from 'vitest'
import { InputError } from '../../../server/protocol/errors'
import type { DownloadChoice } from '../../../server/protocol/download'
import { bytesOf } from './hubServer'
import { startTestHub } from './testHub'

const large = bytesOf(1500)

async function planned(files: Readonly<Record<string, string | Buffer>>, choice: Partial<DownloadChoice> = {}): Promise<string[]> {
  const hub = await startTestHub({ 'org/Repo': files })
  return (await hub.plan(choice)).files.map(({ path }) => path)
}

async function problemOf(files: Readonly<Record<string, string | Buffer>>, choice: Partial<DownloadChoice> = {}): Promise<string> {
  const error: unknown = await planned(files, choice).then(() => null, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(InputError)
  return (error as InputError).line
}

describe('of a model', () => {
  const index = JSON.stringify({
    weight_map: {
      'model.language_model.embed_tokens.weight': 'model.safetensors-00001-of-00004.safetensors',
      'lm_head.weight': 'model.safetensors-00002-of-00004.safetensors',
      'model.visual.blocks.0.attn.qkv.weight': 'model.safetensors-00002-of-00004.safetensors',
      'model.visual.blocks.1.attn.qkv.weight': 'model.safetensors-00003-of-00004.safetensors',
      'mtp.layers.0.mlp.up_proj.weight': 'model.safetensors-00004-of-00004.safetensors',
    },
  })
  const shards = Object.fromEntries([1, 2, 3, 4].map((n) => [`model.safetensors-0000${n}-of-00004.safetensors`, large]))

  it('shards without text tensors, other formats and pictures stay at the hub', async () => {
    const paths = await planned({
      ...shards, 'config.json': '{}', 'model.safetensors.index.json': index, 'tokenizer.json': '{}', 'tokenizer_config.json': '{}', 'generation_config.json': '{}', 'chat_template.jinja': 'x',
      'preprocessor_config.json': '{}', 'pytorch_model.bin': large, 'onnx/model.onnx': large, 'model.gguf': large, 'README.md': '#', 'original/consolidated.00.pth': large,
    })
    expect(paths.sort()).toEqual([
      'chat_template.jinja', 'config.json', 'generation_config.json', 'model.safetensors-00001-of-00004.safetensors', 'model.safetensors-00002-of-00004.safetensors',
      'model.safetensors.index.json', 'tokenizer.json', 'tokenizer_config.json',
    ])
  })

  it.each([
    [{ 'README.md': '#' }, /^org\/Repo has no config.json; /],
    [{ 'config.json': '{}', 'model.gguf': large }, /^org\/Repo has no safetensors weights, only .gguf; /],
    [{ 'config.json': '{}', 'model.safetensors.index.json': index }, /has no model.safetensors-00001-of-00004.safetensors, which its index names/],
    [{ 'config.json': '{}', 'model.safetensors.index.json': '{"weight_map": {"a": "../../x.safetensors"}}' }, /sends tensor "a" to "..\/..\/x.safetensors"/],
    [{ 'config.json': '{}', 'model.safetensors.index.json': 'no' }, /index.json is not JSON/],
  ])('what cannot be run is refused (%#)', async (files, expected) => {
    expect(await problemOf(files)).toMatch(expected)
  })

  it('an SAE set is another thing', async () => {
    expect(await problemOf({ 'config.json': '{}', 'model.safetensors': large }, { kind: 'sae' })).toMatch(/^org\/Repo holds no SAEs in a layout that is known/)
  })
})

describe('of an SAE set', () => {
  const qwenScope = {
    'config.json': JSON.stringify({ model_type: 'topk_sae', base_model: 'Qwen/Qwen3-1.7B-Base', d_model: 8, d_sae: 32, k: 5, num_layers: 3, hook_point: 'resid_post', dtype: 'float32' }),
    'layer0.sae.pt': large, 'layer1.sae.pt': large, 'layer2.sae.pt': large, 'app.py': 'x', 'README.md': '#',
  }

  it.each<[string, Readonly<Record<string, string | Buffer>>, Partial<DownloadChoice>, readonly string[]]>([
    ['Qwen-Scope', qwenScope, { layers: [2, 0] }, ['config.json', 'layer0.sae.pt', 'layer2.sae.pt']],
    ['all of Qwen-Scope', qwenScope, {}, ['config.json', 'layer0.sae.pt', 'layer1.sae.pt', 'layer2.sae.pt']],
    ['SAELens', {
      'blocks.3.hook_resid_pre/cfg.json': JSON.stringify({ architecture: 'standard', d_in: 8, d_sae: 32, hook_name: 'blocks.3.hook_resid_pre', hook_layer: 3, model_name: 'x', dtype: 'float32' }), 'blocks.3.hook_resid_pre/sae_weights.safetensors': large, 'blocks.3.hook_resid_pre/sparsity.safetensors': large,
      'blocks.4.hook_resid_pre/cfg.json': JSON.stringify({ architecture: 'standard', d_in: 8, d_sae: 32, hook_name: 'blocks.4.hook_resid_pre', hook_layer: 4, model_name: 'x', dtype: 'float32' }), 'blocks.4.hook_resid_pre/sae_weights.safetensors': large,
    }, { layers: [2] }, ['blocks.3.hook_resid_pre/cfg.json', 'blocks.3.hook_resid_pre/sae_weights.safetensors']],
    ['sparsify', {
      'layers.3/cfg.json': JSON.stringify({ expansion_factor: 4, k: 5, d_in: 8 }), 'layers.3/sae.safetensors': large,
      'layers.3.mlp/cfg.json': JSON.stringify({ expansion_factor: 4, k: 5, d_in: 8 }), 'layers.3.mlp/sae.safetensors': large,
      'layers.4/cfg.json': JSON.stringify({ expansion_factor: 4, k: 5, d_in: 8 }), 'layers.4/sae.safetensors': large,
    }, { layers: [3] }, ['layers.3/cfg.json', 'layers.3/sae.safetensors']],
    ['dictionary_learning', {
      'resid_post_layer_8/trainer_0/config.json': JSON.stringify({ trainer: { dict_class: 'AutoEncoderTopK', activation_dim: 8, dict_size: 32, k: 5, layer: 8, lm_name: 'x', submodule_name: 'resid_post_layer_8' } }),
      'resid_post_layer_8/trainer_0/ae.pt': large, 'resid_post_layer_8/trainer_0/eval_results.json': '{}',
    }, { layers: [8] }, ['resid_post_layer_8/trainer_0/ae.pt', 'resid_post_layer_8/trainer_0/config.json']],
    ['Gemma Scope', {
      'layer_0/width_16k/average_l0_71/params.npz': large, 'layer_0/width_65k/average_l0_80/params.npz': large, 'layer_1/width_16k/average_l0_59/params.npz': large,
    }, { layers: [0], folders: ['layer_0/width_16k'] }, ['layer_0/width_16k/average_l0_71/params.npz']],
    ['Gemma Scope 2', {
      'resid_post/layer_17_width_16k_l0_big/config.json': JSON.stringify({ hf_hook_point_in: 'model.layers.17.output', hf_hook_point_out: 'model.layers.17.output', architecture: 'jump_relu', model_name: 'x' }), 'resid_post/layer_17_width_16k_l0_big/params.safetensors': large,
      'mlp_out/layer_17_width_16k_l0_big/config.json': JSON.stringify({ hf_hook_point_in: 'model.layers.17.mlp.output', architecture: 'jump_relu' }), 'mlp_out/layer_17_width_16k_l0_big/params.safetensors': large,
    }, { layers: [17] }, ['resid_post/layer_17_width_16k_l0_big/config.json', 'resid_post/layer_17_width_16k_l0_big/params.safetensors']],
    ['Llama Scope', {
      'Llama3_1-8B-Base-L5R-8x/hyperparams.json': JSON.stringify({ hook_point_in: 'blocks.5.hook_resid_post', hook_point_out: 'blocks.5.hook_resid_post', d_model: 8, jump_relu_threshold: 0.5 }),
      'Llama3_1-8B-Base-L5R-8x/checkpoints/final.safetensors': large, 'Llama3_1-8B-Base-L5R-8x/lm_config.json': '{}',
    }, { layers: [5] }, ['Llama3_1-8B-Base-L5R-8x/checkpoints/final.safetensors', 'Llama3_1-8B-Base-L5R-8x/hyperparams.json']],
    ['Goodfire', { 'Llama-3.1-8B-Instruct-SAE-l19.pth': large, 'README.md': '#' }, {}, ['Llama-3.1-8B-Instruct-SAE-l19.pth']],
  ])('%s: only the layers asked for', async (_layout, files, choice, expected) => {
    expect((await planned(files, { kind: 'sae', ...choice })).sort()).toEqual(expected)
  })

  it('a layer that is not there is named, with those that are', async () => {
    expect(await problemOf(qwenScope, { layers: [1, 7] })).toMatch(/^org\/Repo has no SAE of layer 7; choose among 0-2$/)
  })

  it('a layer with several SAEs wants a choice', async () => {
    expect(await problemOf({ 'layer_0/width_16k/average_l0_71/params.npz': large, 'layer_0/width_65k/average_l0_80/params.npz': large })).toMatch(
      /has 2 SAEs of layer 0: layer_0\/width_16k\/average_l0_71, layer_0\/width_65k\/average_l0_80; name one of these folders/,
    )
  })

  it('one that reads another place is refused with its reason', async () => {
    expect(await problemOf({ 'layers.3.mlp/cfg.json': JSON.stringify({ expansion_factor: 4, k: 5, d_in: 8 }), 'layers.3.mlp/sae.safetensors': large })).toMatch(/layers.3.mlp.*not supported; choose an SAE set that reads resid_post/)
  })
})

describe('a listing', () => {
  it('is read to its last page', async () => {
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`extra-${n}.txt`, 'x']))
    const hub = await startTestHub({ 'org/Repo': { ...many, 'config.json': '{}', 'model.safetensors': large } }, { server: { pageSize: 4 } })
    expect((await hub.plan()).files.map(({ path }) => path)).toEqual(['config.json', 'model.safetensors'])
    expect(hub.server.requests.filter((request) => request.includes('/tree/')).length).toBe(7)
  })

  it.each(['../../x', '/etc/x', 'a/../../x', 'a\\..\\x', 'C:/x', 'a//x', 'line\nbreak'])('that names a file %j is refused whole', async (path) => {
    expect(await problemOf({ 'config.json': '{}', 'model.safetensors': large, [path]: 'x' })).toMatch(/lists a file named ".*", which leads out of its folder; do not use this repository/)
  })

  it.each([
    ['config.json', { size: -1 }],
    ['config.json', { size: '12' }],
    ['config.json', { oid: '../../../x' }],
    ['config.json', { oid: undefined }],
    ['model.safetensors', { lfs: { oid: 'sha256:../x', size: 3 } }],
    ['model.safetensors', { lfs: { oid: 'a'.repeat(40), size: 3 } }],
  ])('that lies about %s (%#) is not believed', async (path, lie) => {
    const hub = await startTestHub({ 'org/Repo': { 'config.json': '{}', 'model.safetensors': large } })
    hub.server.listed.set(path, lie)
    await expect(hub.plan()).rejects.toThrow(/answered in another form than the hub does/)
  })

  it('without an end is given up', async () => {
    const hub = await startTestHub({ 'org/Repo': { 'config.json': '{}' } })
    const page = JSON.stringify(Array.from({ length: 10_000 }, (_, n) => ({ type: 'file', path: `f${n}`, size: 0, oid: '0'.repeat(40) })))
    hub.server.misbehaviours.push((request, response) => {
      if (!request.url?.includes('/tree/')) return false
      response.writeHead(200, { 'content-type': 'application/json', link: `<${hub.server.endpoint}${request.url}>; rel="next"` }).end(page)
      return true
    })
    await expect(hub.plan()).rejects.toThrow('org/Repo holds more than 50000 files')
  })

  it('of more bytes than a listing has is given up', async () => {
    const hub = await startTestHub({ 'org/Repo': { 'config.json': '{}' } })
    hub.server.misbehaviours.push((request, response) => {
      if (!request.url?.includes('/tree/')) return false
      response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(40e6, 0x20))
      return true
    })
    await expect(hub.plan()).rejects.toThrow('was answered with more than 34 MB where a list was expected')
  })
})
