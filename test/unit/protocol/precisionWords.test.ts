// How precisions and shares are put for people.
import { expect, test } from 'vitest'
import { costWords, inPercent, kindWords, precisionLabel } from '../../../server/protocol/precisionWords'

test('4 bits are called approximate wherever a precision is named', () => expect((['exact', 'q8', 'q4'] as const).map(precisionLabel)).toEqual(['exact', 'q8', 'q4 (approximate)']))

test.each([
  [1, '100 %'],
  [0.99996, '99.9 %'],
  [0.975, '97.5 %'],
  [0.5, '50 %'],
  [0.0123, '1.2 %'],
  [0.00012, '0.012 %'],
  [0, '0 %'],
])('%d is %s', (share, text) => expect(inPercent(share)).toBe(text))

test('a cost is told by its worst layer', () => {
  const cost = { precision: 'q8', tokens: 64, residualError: [0.01, 0.03, 0.02], features: [{ layer: 0, kept: 0.99 }, { layer: 2, kept: 0.96 }], sae: '/sae', sameToken: 1 } as const
  expect(costWords(cost)).toBe('keeps 96 % of the top features, residuals off by 3 %, same next token on 100 %')
  expect(costWords({ ...cost, features: [], sae: null })).toBe('residuals off by 3 %, same next token on 100 %')
})

test('what lies on disk', () => {
  expect([kindWords({ kind: 'weights', precision: 'q8' }), kindWords({ kind: 'encoders', precision: null }), kindWords({ kind: 'damaged', precision: null })]).toEqual(['q8', 'SAE encoders', 'damaged'])
})
