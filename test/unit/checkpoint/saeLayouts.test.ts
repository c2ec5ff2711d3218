// SAE folders of every layout that cannot be used, and how a set's folder is found to be one: what is said, and that nothing runs.
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSaeSet } from '../../../server/checkpoint/openSaeSet'
import { InputError } from '../../../server/protocol/errors'
import { newFolder, torchArchive, writeJson } from './tinyFolders'

const recorded = join(import.meta.dirname, '../../golden/saes')

/** A copy of a recorded set. */
async function copyOf(name: string): Promise<string> {
  const folder = await newFolder()
  await cp(join(recorded, name, 'set'), folder, { recursive: true })
  return folder
}

async function changeJson(folder: string, name: string, change: object): Promise<void> {
  const json = JSON.parse(await readFile(join(folder, name), 'utf8')) as object
  await writeJson(folder, name, { ...json, ...change })
}

describe('an SAE set', () => {
  const gemma = 'layer_6/width_16k/average_l0_71'
  it.each([
    ['sae-lens-topk-rescaled', 'of an unknown architecture', (set: string) => changeJson(set, 'cfg.json', { architecture: 'matching_pursuit' }), 'cfg.json architecture is "matching_pursuit", which is not supported'],
    ['sae-lens-topk-rescaled', 'that reads another place', (set: string) => changeJson(set, 'cfg.json', { metadata: { hook_name: 'blocks.3.hook_mlp_out' } }), 'reads "blocks.3.hook_mlp_out", which is not supported'],
    ['sae-lens-topk-rescaled', 'that reads the embeddings', (set: string) => changeJson(set, 'cfg.json', { metadata: { hook_name: 'blocks.0.hook_resid_pre' } }), 'reads "blocks.0.hook_resid_pre", which is not supported'],
    ['sae-lens-topk-rescaled', 'whose size is told wrong', (set: string) => changeJson(set, 'cfg.json', { d_sae: 128 }), 'has d_sae 64 where the configuration says 128'],
    ['sae-lens-gated-layer-norm', 'whose tensor is missing', (set: string) => changeJson(set, 'cfg.json', { architecture: 'jumprelu' }), 'has no tensor "threshold"'],
    ['sparsify', 'that is a transcoder', (set: string) => changeJson(join(set, 'layers.5'), 'cfg.json', { transcode: true }), 'sets transcode, which is not supported'],
    ['sparsify', 'whose folder names another place', (set: string) => rename(join(set, 'layers.5'), join(set, 'layers.5.mlp')), 'reads "layers.5.mlp", which is not supported'],
    ['dictionary-topk', 'of a class that is not known', (set: string) => changeJson(join(set, 'resid_post_layer_1/trainer_0'), 'config.json', { trainer: { dict_class: 'CrossCoder', layer: 1 } }), 'dict_class "CrossCoder" is not supported'],
    ['gemma-scope', 'that lies in no layer', async (set: string) => {
      await rename(join(set, gemma, 'params.npz'), join(set, 'params.npz'))
      await rm(join(set, 'layer_6'), { recursive: true })
    }, 'its layer is unknown'],
    ['llama-scope', 'that writes where it does not read', (set: string) => changeJson(join(set, 'Llama3_1-8B-Base-L15R-8x'), 'hyperparams.json', { hook_point_out: 'blocks.15.hook_mlp_out' }), 'writes "blocks.15.hook_mlp_out"'],
    ['goodfire', 'whose tensors are of other sizes', (set: string) => writeFile(join(set, 'Llama-3.1-8B-Instruct-SAE-l19.pth'), torchArchive({ 'encoder_linear.weight': [16, 8], 'encoder_linear.bias': [8], 'decoder_linear.weight': [8, 16], 'decoder_linear.bias': [8] })), 'has the shape [8] where [16] is expected'],
    ['qwen-scope', 'beside one of another size', async (set: string) => {
      await writeFile(join(set, 'layer1.sae.pt'), torchArchive({ W_enc: [64, 8], b_enc: [64], W_dec: [8, 64], b_dec: [8] }))
    }, 'has d_model 8 where the configuration says 16'],
  ])('%s %s is refused', async (name, _, spoil, message) => {
    const set = await copyOf(name)
    await spoil(set)
    const error: unknown = await openSaeSet(set).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(InputError)
    expect((error as InputError).message).toContain(message)
    expect((error as InputError).message.startsWith(set)).toBe(true)
  })

  it('with two SAEs for a layer asks for one', async () => {
    const set = await newFolder()
    for (const width of ['width_16k', 'width_65k']) {
      await mkdir(join(set, 'layer_6', width), { recursive: true })
      await cp(join(recorded, 'gemma-scope/set', gemma), join(set, 'layer_6', width, 'average_l0_71'), { recursive: true })
    }
    await expect(openSaeSet(set)).rejects.toThrow('are both SAEs of layer 6')
    expect([...(await openSaeSet(join(set, 'layer_6/width_65k'))).layers.keys()]).toEqual([6])
  })

  it('gathers the layers of folders below', async () => {
    const set = await newFolder()
    for (const layer of [3, 11]) {
      await cp(join(recorded, 'sae-lens-topk-rescaled/set'), join(set, `blocks.${layer}`), { recursive: true })
      await changeJson(join(set, `blocks.${layer}`), 'cfg.json', { metadata: { hook_name: `blocks.${layer}.hook_resid_post` } })
    }
    expect([...(await openSaeSet(set)).layers.keys()]).toEqual([3, 11])
  })
})
