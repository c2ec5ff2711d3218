// Who has the last word about a run.
import { describe, expect, it } from 'vitest'
import { parseEditLine, renderEdit } from '../../../server/formats/editLine'
import type { LoadedModel } from '../../../server/engine/engine'
import { mergeRunSettings, resolveLayers } from '../../../server/runs/runSettings'

const edits = (...lines: string[]) => lines.map((line) => parseEditLine(line).edit!)

it('lets flags win over front matter, and front matter over settings', () => {
  const merged = mergeRunSettings({ generate: 64, temperature: 1, seed: 7 }, { generate: 16, temperature: 0.5 }, { temperature: 0 })
  expect(merged).toEqual({ generate: 16, sampling: { temperature: 0, topP: 1, topK: 0, seed: 7 }, layers: [], edits: [], stopIds: [] })
})

it('adds edits together; a later source replaces those of the same feature at the same positions', () => {
  const merged = mergeRunSettings({ edits: edits('L0/1 = 0', 'L0/2 = 0') }, { edits: edits('L0/1 += 5', 'L0/2 = 0 @ last') })
  expect(merged.edits.map(renderEdit)).toEqual(['L0/2 = 0', 'L0/1 += 5', 'L0/2 = 0 @ last'])
})

it('keeps all edits of one source: their differences add', () => {
  expect(mergeRunSettings({ edits: edits('L0/1 = 0', 'L0/1 += 5') }).edits.map(renderEdit)).toEqual(['L0/1 = 0', 'L0/1 += 5'])
})

describe('layers', () => {
  const model = { identity: { layers: 4 }, saeLayers: [0, 2] } as unknown as LoadedModel
  it('are all those of the SAE set when none are named', () => expect(resolveLayers([], model)).toEqual([0, 2]))
  it('are in order, once each', () => expect(resolveLayers([2, 0, 2], model)).toEqual([0, 2]))
  it('outside the model are refused', () => expect(() => resolveLayers([4], model)).toThrow('layer 4 does not exist in this model'))
  it('without an autoencoder are refused', () => expect(() => resolveLayers([1], model)).toThrow('layer 1 has no autoencoder in this SAE set'))
})
