// The folder that ONNX Runtime may read from, and paths below it.
import { expect, it } from 'vitest'
import { weightFolder } from '../../../server/engine/baseFolder'

it('is the folder of a single file', () => {
  const { baseFolder, location } = weightFolder(['/models/qwen/model.safetensors'])
  expect(baseFolder).toBe('/models/qwen')
  expect(location('/models/qwen/model.safetensors')).toBe('model.safetensors')
})

it('is the common ancestor of files that lie apart, as in the Hugging Face cache', () => {
  const { baseFolder, location } = weightFolder(['/hub/models--q/blobs/ab', '/hub/models--q/snapshots/1/b', '/hub/models--q2/b'])
  expect(baseFolder).toBe('/hub')
  expect(location('/hub/models--q/blobs/ab')).toBe('models--q/blobs/ab')
})

it('does not take a folder for another that begins alike', () => {
  expect(weightFolder(['/data/model/a', '/data/model-2/b']).baseFolder).toBe('/data')
})

it('may be the root', () => {
  const { baseFolder, location } = weightFolder(['/a/x', '/b/y'])
  expect(baseFolder).toBe('/')
  expect(location('/b/y')).toBe('b/y')
})
