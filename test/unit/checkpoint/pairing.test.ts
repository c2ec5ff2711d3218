// How SAE sets and models belong together, by their sizes and published names.
import { describe, expect, test } from 'vitest'
import { checkPairing, pairingOf, type PairedSaes } from '../../../server/checkpoint/pairing'

const model = (name: string, layers = 28, dModel = 2048) => ({ name, config: { layers, dModel } })
const saes = (name: string, baseModel: string | null, more: Partial<PairedSaes> = {}) => ({ path: `/saes/${name}`, name, baseModel, dModel: 2048, modelLayers: 28, layers: new Map([[0, {}], [27, {}]]), ...more })
const scope = saes('SAE-Res-Qwen3-1.7B-Base-W32K-L0_50', 'Qwen/Qwen3-1.7B-Base')

describe.each([
  ['the model that it was trained on', model('Qwen3-1.7B-Base'), scope, 'match', 'trained on Qwen/Qwen3-1.7B-Base'],
  ['the post-trained version', model('Qwen3-1.7B'), scope, 'transfer', 'trained on the base model Qwen/Qwen3-1.7B-Base and read on its post-trained version: a transfer, so features may mean less here'],
  ['a base model, of post-trained SAEs', model('gemma-2b'), saes('x', 'google/gemma-2b-it'), 'transfer', 'trained on the post-trained google/gemma-2b-it and read on its base model: a transfer, so features may mean less here'],
  ['an instruct version that is named so', model('Llama-3.1-8B-Instruct'), saes('x', 'meta-llama/Meta-Llama-3.1-8B'), 'transfer', 'trained on the base model meta-llama/Meta-Llama-3.1-8B and read on its post-trained version: a transfer, so features may mean less here'],
  ['a version with a date', model('Qwen3-4B-Instruct-2507'), saes('x', 'Qwen/Qwen3-4B-Base'), 'transfer', 'trained on the base model Qwen/Qwen3-4B-Base and read on its post-trained version: a transfer, so features may mean less here'],
  ['the only Qwen-Scope set of a post-trained model', model('Qwen3.5-27B'), saes('SAE-Res-Qwen3.5-27B-W80K-L0_50', 'Qwen/Qwen3.5-27B'), 'match', 'trained on Qwen/Qwen3.5-27B'],
  ['a set whose card names the post-trained model by mistake', model('Qwen3.5-2B-Base'), saes('SAE-Res-Qwen3.5-2B-Base-W32K-L0_50', 'Qwen/Qwen3.5-2B'), 'match', 'trained on Qwen/Qwen3.5-2B-Base'],
  ['the same weights in another type', model('Qwen3-1.7B-Base-bf16'), scope, 'match', 'trained on Qwen/Qwen3-1.7B-Base'],
  ['the demo’s own two', model('demo/model'), saes('demo/sae', 'promptscope-demo'), 'match', 'trained on promptscope-demo'],
  ['two laid together of which one names another', model('x/model'), saes('x/sae', 'Qwen/Qwen3-1.7B'), 'unknown', 'trained on Qwen/Qwen3-1.7B, and whether x/model comes from it is not known'],
  ['a model of another name', model('my-finetune'), scope, 'unknown', 'trained on Qwen/Qwen3-1.7B-Base, and whether my-finetune comes from it is not known'],
  ['a set that says nothing', model('Qwen3-1.7B'), saes('mine', null), 'unknown', 'the SAE set does not say which model it was trained on'],
  ['another width', model('Qwen3-1.7B', 28, 1024), scope, 'mismatch', 'is for d_model 2048 and the model has 1024'],
  ['another depth', model('Qwen3.5-2B', 24), scope, 'mismatch', 'is for 28 layers and the model has 24'],
  ['a layer beyond the last', model('Qwen3.5-2B', 24), saes('x', 'Qwen/Qwen3.5-2B', { modelLayers: null }), 'mismatch', "has layer 27 and the model's layers are 0 to 23"],
] as const)('%s', (_, paired, set, kind, note) => {
  test(kind, () => expect(pairingOf(paired, set)).toEqual({ kind, note }))
})

test('what does not fit is refused with what would', () => {
  expect(() => checkPairing(model('Qwen3.5-2B', 24), scope)).toThrow('SAE set /saes/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50 is for 28 layers and the model has 24')
  expect(() => checkPairing(model('Qwen3-1.7B'), scope)).not.toThrow()
})
