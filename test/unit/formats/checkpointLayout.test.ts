// Where a model's tensors are found, whatever its files call them.
import { expect, it } from 'vitest'
import { tensorPlaces } from '../../../server/formats/checkpointLayout'

const wanted = new Map<string, readonly number[]>([
  ['model.embed_tokens.weight', [10, 4]],
  ['lm_head.weight', [10, 4]],
  ['model.layers.0.mlp.experts.2.gate_proj.weight', [3, 4]],
  ['model.layers.0.mlp.experts.2.up_proj.weight', [3, 4]],
  ['model.layers.0.mlp.experts.2.down_proj.weight', [4, 3]],
])
const places = (stored: readonly string[]) => Object.fromEntries(Array.from(tensorPlaces(wanted, new Set(stored), 5), ([name, { name: found, firstElement }]) => [name, [found, firstElement]]))

it.each(['model.', 'model.language_model.', 'language_model.model.'])('finds tensors below %s', (prefix) => {
  const found = places([`${prefix}embed_tokens.weight`, 'mtp.embed_tokens.weight', 'model.visual.embed_tokens.weight'])
  expect(found['model.embed_tokens.weight']).toEqual([`${prefix}embed_tokens.weight`, null])
})

it('finds a head inside the language model', () => {
  expect(places(['language_model.model.embed_tokens.weight', 'language_model.lm_head.weight'])['lm_head.weight']).toEqual(['language_model.lm_head.weight', null])
})

it('finds an expert as a part of the tensor that holds all of them', () => {
  const found = places(['model.embed_tokens.weight', 'model.layers.0.mlp.experts.gate_up_proj', 'model.layers.0.mlp.experts.down_proj'])
  expect(found['model.layers.0.mlp.experts.2.gate_proj.weight']).toEqual(['model.layers.0.mlp.experts.gate_up_proj', 2 * 6 * 4])
  expect(found['model.layers.0.mlp.experts.2.up_proj.weight']).toEqual(['model.layers.0.mlp.experts.gate_up_proj', 2 * 6 * 4 + 3 * 4])
  expect(found['model.layers.0.mlp.experts.2.down_proj.weight']).toEqual(['model.layers.0.mlp.experts.down_proj', 2 * 4 * 3])
  expect(tensorPlaces(wanted, new Set(['model.layers.0.mlp.experts.gate_up_proj']), 5).get('model.layers.0.mlp.experts.2.up_proj.weight')!.shape).toEqual([5, 6, 4])
})

it('prefers experts that are stored one by one', () => {
  const one = 'model.layers.0.mlp.experts.2.gate_proj.weight'
  expect(places([one, 'model.layers.0.mlp.experts.gate_up_proj'])[one]).toEqual([one, null])
})
