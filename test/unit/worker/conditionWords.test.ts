// What is proposed for the condition of a breakpoint before any session runs.
import { expect, it } from 'vitest'
import { conditionWords } from '../../../server/worker/conditionWords'

it('begins with the features that are pinned or edited, each once, and has every word but those that cannot be asked at every token', () => {
  const [pinned, edited] = [{ layer: 14, feature: 7 }, { layer: 3, feature: 5 }]
  const words = conditionWords(
    { pins: [pinned], edits: [{ id: 'a', line: 'L3/5 = 0', feature: edited, enabled: true }, { id: 'b', line: 'L14/7 *= 2', feature: pinned, enabled: false }], undo: null },
    (feature) => ({ feature, label: feature.layer === 14 ? 'rivers' : null, tokens: [], density: null, typicalActivation: null, maxActivation: null }),
  )
  expect(words.slice(0, 3)).toEqual([
    { label: 'L14/7', insert: 'L14/7', isFeature: true, help: 'rivers' },
    { label: 'L3/5', insert: 'L3/5', isFeature: true, help: 'no label is known' },
    { label: 'act(L14/6159)', insert: 'act(', isFeature: false, help: expect.stringContaining('activation on this token') as string },
  ])
  const names = words.map(({ insert }) => insert)
  expect(names).toContain('prob')
  expect(names).not.toContain('next')
  expect(names).not.toContain('lens(')
})
