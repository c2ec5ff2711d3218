// Which SAE set is taken for a model when none is named.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { locateModel } from '../../../server/checkpoint/locateModel'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'promptscope-locate-'))
  write('Tiny', { architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', num_hidden_layers: 2, hidden_size: 8, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 4, intermediate_size: 16, vocab_size: 50, rms_norm_eps: 1e-6, rope_theta: 10000, tie_word_embeddings: true, max_position_embeddings: 64, hidden_act: 'silu' })
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, config: object): void {
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, name, 'config.json'), JSON.stringify(config))
}
const sae = (name: string, baseModel: string, dModel = 8): void => write(name, { model_type: 'topk_sae', hook_point: 'resid_post', base_model: baseModel, d_model: dModel, d_sae: 16, k: 2, num_layers: 2 })
const demo = { model: '/demo/model', sae: '/demo/sae' }
const saeOf = async (): Promise<string | null> => (await locateModel({ model: join(folder, 'Tiny'), sae: '' }, demo)).saePath

it('takes the demo model when none is named', async () => expect(await locateModel({ model: '', sae: '' }, demo)).toEqual({ modelPath: demo.model, saePath: demo.sae, note: null }))
it('takes the set that is named', async () => expect(await locateModel({ model: '/m', sae: '/s' }, demo)).toEqual({ modelPath: '/m', saePath: '/s', note: null }))

it('finds none, and says what to do', async () => {
  expect(await locateModel({ model: join(folder, 'Tiny'), sae: '' }, demo)).toMatchObject({ saePath: null, note: `no SAE set for ${join(folder, 'Tiny')} was found beside it, so there are no features; name one with --sae` })
})
it('finds one inside the model’s folder', async () => {
  sae('Tiny/anything', 'whatever')
  expect(await saeOf()).toBe(join(folder, 'Tiny/anything'))
})
it('finds one beside it that was trained on a model of its name, base or not', async () => {
  sae('SAE-Res-Tiny-Base-W16-L0_2', 'Some/Tiny-Base')
  expect(await saeOf()).toBe(join(folder, 'SAE-Res-Tiny-Base-W16-L0_2'))
})
it('passes over one beside it that was trained on another model', async () => {
  sae('SAE-Res-Other', 'Some/Other')
  expect(await saeOf()).toBeNull()
})
it('passes over one of another size', async () => {
  sae('Tiny-sae', 'Tiny', 4)
  expect(await saeOf()).toBeNull()
})
