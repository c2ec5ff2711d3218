// Which folders a choice of model means, and which SAE set is taken for a model when none is named.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { isCached, locateModel } from '../../../server/checkpoint/locateModel'
import type { CachedRepository } from '../../../server/checkpoint/modelCaches'
import { newFolder, TINY_SAE_CONFIG, writeModel, writeSaeSet } from './tinyFolders'

let folder: string
beforeEach(async () => {
  folder = await newFolder()
  await writeModel(join(folder, 'Tiny'))
})

const sae = (name: string, baseModel: string, dModel = 8): Promise<void> => writeSaeSet(join(folder, name), { ...TINY_SAE_CONFIG, base_model: baseModel, d_model: dModel })
const demo = { model: '/demo/model', sae: '/demo/sae' }
const noCache = async (): Promise<CachedRepository[]> => []
const locate = (model: string, cached: readonly CachedRepository[] = []) => locateModel({ model, sae: '' }, demo, async () => cached)
const saeOf = async (cached: readonly CachedRepository[] = []): Promise<string | null> => (await locate(join(folder, 'Tiny'), cached)).saePath
const repository = (id: string, name: string, commit = 'c0ffee', refs = ['main']): CachedRepository => ({ source: 'huggingface', id, path: join(folder, name), revision: { commit, refs } })

it('takes the demo model when none is named', async () => expect(await locateModel({ model: '', sae: '' }, demo, noCache)).toEqual({ modelPath: demo.model, saePath: demo.sae, note: null }))
it('takes the set that is named', async () => expect(await locateModel({ model: '/m', sae: '/s' }, demo, noCache)).toEqual({ modelPath: '/m', saePath: '/s', note: null }))

describe('a repository’s name', () => {
  let cached: CachedRepository[]
  beforeEach(() => void (cached = [repository('Qwen/Tiny', 'Tiny'), repository('Qwen/Tiny', 'old', 'badf00d', ['v1'])]))
  it.each([['Qwen/Tiny', 'Tiny'], ['qwen/tiny', 'Tiny'], ['Qwen/Tiny@v1', 'old'], ['Qwen/Tiny@badf', 'old'], ['Qwen/Tiny@main', 'Tiny']])('%s is looked up in the caches', async (name, path) => {
    expect((await locate(name, cached)).modelPath).toBe(join(folder, path))
  })
  it('may name the SAE set, too', async () => expect((await locateModel({ model: '/m', sae: 'Qwen/Tiny' }, demo, async () => cached)).saePath).toBe(join(folder, 'Tiny')))
  it('that no cache has is refused', async () => {
    await expect(locate('Qwen/Other', cached)).rejects.toThrow('model Qwen/Other is neither a folder nor in a cache of this machine')
    await expect(locate('Qwen/Tiny@v2', cached)).rejects.toThrow('model Qwen/Tiny is in a cache, but not its revision v2')
  })
  it('is known to be in a cache or not', async () => {
    const find = async () => cached
    expect(await Promise.all(['Qwen/Tiny', 'Qwen/Tiny@v1', 'Qwen/Tiny@v2', 'googleai/gemini-2.5-flash', 'gpt-4'].map((name) => isCached(name, find)))).toEqual([true, true, false, false, false])
  })
  it('does not hide what is plainly a path', async () => {
    expect((await locate('./Qwen/Other', cached)).modelPath).toBe(join(process.cwd(), 'Qwen/Other'))
    expect((await locate('/Qwen/Tiny', cached)).modelPath).toBe('/Qwen/Tiny')
  })
})

describe('the SAE set of a model', () => {
  it('may be none, and then it is said what to do', async () => {
    expect(await locate(join(folder, 'Tiny'))).toMatchObject({ saePath: null, note: `no SAE set for ${join(folder, 'Tiny')} was found beside it or in a cache, so there are no features; name one with --sae` })
  })
  it('is any of its size inside its folder', async () => {
    await sae('Tiny/anything', 'whatever')
    expect(await saeOf()).toBe(join(folder, 'Tiny/anything'))
  })
  it('is any of its size beside it under its name', async () => {
    await sae('Tiny-sae', 'whatever')
    expect(await saeOf()).toBe(join(folder, 'Tiny-sae'))
  })
  it('is one beside it that was trained on a model of its name, base or not', async () => {
    await sae('SAE-Res-Tiny-Base-W16K-L0_2', 'Some/Tiny-Base')
    expect(await locate(join(folder, 'Tiny'))).toMatchObject({
      saePath: join(folder, 'SAE-Res-Tiny-Base-W16K-L0_2'),
      note: `using the SAE set ${join(folder, 'SAE-Res-Tiny-Base-W16K-L0_2')}, trained on the base model Qwen/Tiny-Base and read on its post-trained version: a transfer, so features may mean less here`,
    })
  })
  it('is rather one of this very model', async () => {
    await sae('a-scope', 'Some/Tiny-Base')
    await sae('b-scope', 'Some/Tiny')
    expect(await saeOf()).toBe(join(folder, 'b-scope'))
  })
  it('may lie in a cache', async () => {
    await sae('elsewhere/cached', 'Some/Tiny')
    expect(await saeOf([repository('Some/SAE', 'elsewhere/cached')])).toBe(join(folder, 'elsewhere/cached'))
  })
  it('is none that was trained on another model', async () => {
    await sae('SAE-Res-Other', 'Some/Other')
    expect(await saeOf()).toBeNull()
  })
  it('is none of another size', async () => {
    await writeSaeSet(join(folder, 'Tiny-sae'), { ...TINY_SAE_CONFIG, num_layers: 9 })
    expect(await saeOf()).toBeNull()
  })
  it('is taken although it is damaged, so that loading says what is wrong', async () => {
    await sae('Tiny-sae', 'Tiny')
    await writeFile(join(folder, 'Tiny-sae/layer1.sae.pt'), 'damaged')
    expect(await saeOf()).toBe(join(folder, 'Tiny-sae'))
  })
})
