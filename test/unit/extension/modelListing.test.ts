// What the picker and the Model view say about a model that was found.
import { expect, test } from 'vitest'
import { listingNotes, listingText } from '../../../extension/modelListing'
import type { ModelListing } from '../../../server/protocol/requests'

const model: ModelListing = {
  name: 'Qwen3-1.7B', path: '/hub/models--Qwen--Qwen3-1.7B/snapshots/70d244cc86', source: 'huggingface', revision: { commit: '70d244cc86', refs: ['main'] }, architecture: 'qwen3', layers: 28, dModel: 2048,
  parameters: 1_720_574_976, bytesNeeded: 7.8e9, fits: true, problem: null,
  precisions: [{ precision: 'exact', bytesNeeded: 7.8e9, diskBytes: 0, stored: null, fits: true, problem: null, gpu: { fits: false, note: 'no NVIDIA GPU was found' } }],
  saeSets: [
    { path: '/saes/a', name: 'SAE-Res-Qwen3-1.7B-Base-W32K-L0_50', layout: 'Qwen-Scope', layers: [0, 1], matches: true, pairing: 'transfer', note: 'trained on the base model' },
    { path: '/saes/b', name: 'other', layout: 'SAELens', layers: [0], matches: false, pairing: 'mismatch', note: 'is for d_model 1 and the model has 2048' },
  ],
}
const tooLarge = 'needs 7.8 GB, and of the 8.0 GB of this machine 6.4 GB can be used'

test('a model that fits, from a cache, with a set that belongs to it', () => {
  expect(listingText(model)).toBe('qwen3 · 1.7 B parameters · fits at exact with 7.8 GB')
  expect(listingNotes(model)).toEqual(['Hugging Face cache, revision main', 'SAE set SAE-Res-Qwen3-1.7B-Base-W32K-L0_50: trained on the base model', 'GPU: no NVIDIA GPU was found'])
})
test('a model that does not fit, in a folder, without a set', () => {
  const large = { ...model, fits: false, source: 'folder', revision: null, saeSets: [], precisions: [{ ...model.precisions[0]!, fits: false, problem: tooLarge }] } as const
  expect(listingText(large)).toBe('qwen3 · 1.7 B parameters · does not fit: exact needs 7.8 GB')
  expect(listingNotes(large)).toEqual([`exact ${tooLarge}`, 'no SAE set: features are not read'])
  const rounded = { ...large, precisions: [...large.precisions, { ...model.precisions[0]!, precision: 'q8', bytesNeeded: 2.9e9 }] } as const
  expect(listingText(rounded)).toBe('qwen3 · 1.7 B parameters · fits at q8 with 2.9 GB')
})
test('a model that cannot be used says why, and nothing else', () => {
  const broken = { ...model, architecture: null, problem: 'config.json architecture "X" is not supported', revision: { commit: '70d244cc86', refs: [] } }
  expect(listingText(broken)).toBe('not supported')
  expect(listingText({ ...broken, architecture: 'qwen3' })).toBe('qwen3 · cannot be used')
  expect(listingNotes(broken)).toEqual(['Hugging Face cache, revision 70d244c', 'config.json architecture "X" is not supported'])
})
