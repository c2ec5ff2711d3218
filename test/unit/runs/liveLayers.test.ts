// Which layers are read while a run generates when nobody names any.
import { expect, it } from 'vitest'
import { liveLayers } from '../../../server/runs/liveLayers'

const model = (layers: number, dModel: number, dSae: number, parameters: number, saeLayers = Array.from({ length: layers }, (_, layer) => layer)) => ({
  identity: { path: '/m', architecture: 'qwen3', layers, dModel, precision: 'exact' as const, provider: 'cpu' }, sae: { path: '/s', dSae, k: 50 }, saeLayers, parameters,
})
const demo = model(6, 256, 2048, 7e6)
const qwen = model(28, 2048, 32_768, 1.7e9)

it('are all of a model whose encoders are small, whatever is on screen', () => {
  expect(liveLayers(demo, [])).toEqual([0, 1, 2, 3, 4, 5])
  expect(liveLayers(demo, [3])).toEqual([0, 1, 2, 3, 4, 5])
  expect(liveLayers(model(12, 768, 1024, 124e6), [])).toHaveLength(12)
})

it('are those on screen of a large one, as far as the SAE set has them, ascending and once each', () => {
  expect(liveLayers(qwen, [17, 3, 17, 40])).toEqual([3, 17])
})

it('are a few spread through a large one on which nothing is looked at', () => {
  expect(liveLayers(qwen, [])).toEqual([7, 14, 21])
  expect(liveLayers(model(28, 2048, 32_768, 1.7e9, [2, 4, 20, 22]), [])).toEqual([4, 20, 22])
})

it('are all of a set that has only a few', () => {
  expect(liveLayers(model(28, 2048, 32_768, 1.7e9, [14]), [3])).toEqual([14])
  expect(liveLayers({ ...qwen, sae: null, saeLayers: [] }, [3])).toEqual([])
})
