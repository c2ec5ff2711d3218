// How labels.json is read.
import { expect, it } from 'vitest'
import { describeFeature, parseFeatureLabels } from '../../../server/features/describe'

it('reads what is there and leaves out what is not', () => {
  const labels = parseFeatureLabels('{"features": {"L0/5": {"label": "Chinese", "tokens": ["的", "一"], "density": 0.1, "typicalActivation": 3, "maxActivation": 9}, "L1/2": {"label": ""}, "nonsense": {}}}', 'labels.json')
  expect(describeFeature(labels, { layer: 0, feature: 5 })).toEqual({ feature: { layer: 0, feature: 5 }, label: 'Chinese', tokens: ['的', '一'], density: 0.1, typicalActivation: 3, maxActivation: 9 })
  expect(describeFeature(labels, { layer: 1, feature: 2 })).toEqual({ feature: { layer: 1, feature: 2 }, label: null, tokens: [], density: null, typicalActivation: null, maxActivation: null })
  expect(labels.size).toBe(2)
})

it.each([['{', 'labels.json is not JSON'], ['[]', 'labels.json has no "features"'], ['{"features": []}', 'labels.json has no "features"']])('refuses %s', (text, message) => {
  expect(() => parseFeatureLabels(text, 'labels.json')).toThrow(message)
})
