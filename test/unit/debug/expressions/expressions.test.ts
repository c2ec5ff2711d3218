// Expressions of Watch and the debug console: their values, how they are written, what is proposed and explained while one types.
import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import type { Inspection } from '../../../../server/engine/engine'
import { completeExpression, type CompletionContext } from '../../../../server/debug/expressions/completeExpression'
import { explainWord } from '../../../../server/debug/expressions/explainWord'
import { parseExpression } from '../../../../server/debug/expressions/parseExpression'
import { renderValue, type Words } from '../../../../server/debug/expressions/renderValue'
import { WORDS } from '../../../../server/debug/expressions/words'
import { factsOf } from '../facts'
import { sentenceOf } from './sentenceOf'

const facts = factsOf([
  'The',
  { text: ' Danube', prob: 0.25, entropy: 3.14159, features: { '14/6159': 31.23, '14/7': 0.081, '14/8': 1240.4 }, norms: { 14: 80 } },
  { text: '', generated: true, prob: 0.5, features: { '14/7': 4 } },
])
const look: Inspection = {
  layers: [],
  next: { candidates: [{ id: 5, logprob: Math.log(0.42) }, { id: 6, logprob: Math.log(0.0013) }], entropy: 2 },
  lens: [{ layer: 12, candidates: [{ id: 6, logprob: 0 }], entropy: 0 }],
  residuals: {},
}
const words: Words = { label: ({ feature }) => (feature === 6159 ? 'rivers 60 % · Danube, Rhine' : null), tokenText: (id) => ({ 5: ' flows', 6: '\n' })[id] ?? '?' }

describe('an expression is written as', () => {
  test.each([
    ['L14/6159', '31.2 "rivers 60 % · Danube, Rhine"'],
    ['act(L14/7)', '0.081'],
    ['L14/8', '1240'],
    ['L14/9', '0'],
    ['L14/6159 * 2', '62.46'],
    ['prob', '0.25'],
    ['logprob', '-1.386'],
    ['entropy', '3.142'],
    ['rank + position', '2'],
    ['-position', '-1'],
    ['123456 + position', '123457'],
    ['1 / 3000000', '3.333e-7'],
    ['text', '" Danube"'],
    ['completion', '""'],
    ['generated', 'false'],
    ['prob < 0.5 and L14/6159', 'true'],
    ['norm(14)', '80'],
    ['top(14)', 'L14/8 1240, L14/6159 31.2 "rivers", L14/7 0.081'],
    ['top(14, 1)', 'L14/8 1240'],
    ['next', '" flows" 0.42, "\\n" 0.0013'],
    ['lens(12)', '"\\n" 1'],
    ['token(0)', '"The" token 0'],
    ['token(-1).text', '"The"'],
    ['token(2).generated', 'true'],
    ['token(3)', 'unknown: there is no token(3) on this branch'],
    ['token(-2).id + 1', 'unknown: there is no token(-2) on this branch'],
    ['1 / 0', 'unknown: it divides by 0 or goes beyond all numbers'],
    ['lens(13)', 'unknown: the model has not been looked into here'],
  ])('%s', (text, written) => {
    expect(renderValue(parseExpression(text, null).evaluate(facts[1]!, look), words)).toBe(written)
  })

  it('unknown, with the reason, at the first token', () => {
    expect(renderValue(parseExpression('prob > 0.5', null).evaluate(facts[0]!, null), words)).toBe('unknown: nothing stands before the first token that could predict it')
    expect(renderValue(parseExpression('next', null).evaluate(facts[0]!, null), words)).toBe('unknown: the model has not been looked into here')
  })

  it('its first 5 entries when a list is long', () => {
    const features = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`14/${index}`, 30 - index]))
    expect(renderValue(parseExpression('top(14, 25)', null).evaluate(factsOf([{ text: 'a', features }])[0]!, null), words)).toMatch(/^L14\/0 30\.0, .*L14\/4 26\.0 and 20 more$/)
  })
})

it('keeps what can be opened or set as data', () => {
  const value = (text: string): unknown => parseExpression(text, null).evaluate(facts[1]!, look)
  expect(value('L14/7')).toEqual({ kind: 'activation', feature: { layer: 14, feature: 7 }, activation: 0.081 })
  expect(value('(act(L14/7))')).toEqual(value('L14/7'))
  expect(value('top(14, 1)')).toEqual({ kind: 'features', layer: 14, features: [{ feature: 8, activation: 1240.4 }] })
  expect(value('lens(12)')).toEqual({ kind: 'candidates', layer: 12, candidates: look.lens[0]!.candidates, entropy: 0 })
  expect(value('next')).toEqual({ kind: 'candidates', layer: null, candidates: look.next!.candidates, entropy: 2 })
  expect(value('token(-1)')).toMatchObject({ kind: 'token', token: { index: 0, text: 'The' } })
})

it('refuses a layer that the model does not have', () => {
  const bounds = { layers: 28, saeLayers: [14], features: 100 }
  expect(sentenceOf(() => parseExpression('lens(28)', bounds))).toBe('expression "lens(28)" names layer 28 of a model with 28 at column 1; write 0 to 27')
  expect(parseExpression('lens(27)', bounds).inspects.lensLayers).toEqual([27])
})

it('says what must be read and looked into', () => {
  expect(parseExpression('next', null)).toMatchObject({ needs: { layers: [], predictions: false }, inspects: { lensLayers: [], next: true } })
  expect(parseExpression('lens(3)', null)).toMatchObject({ inspects: { lensLayers: [3], next: false } })
  expect(parseExpression('norm(3) + prob', null)).toMatchObject({ needs: { layers: [3], predictions: true }, inspects: { lensLayers: [], next: false } })
})

describe('proposed where | stands:', () => {
  const context: CompletionContext = {
    bounds: { layers: 3, saeLayers: [1, 2], features: 100 },
    features: [{ feature: { layer: 1, feature: 61 }, activation: 31.2, label: 'rivers' }, { feature: { layer: 2, feature: 6 }, activation: null, label: null }],
    mayLook: true,
  }
  const names = WORDS.filter(({ kind, word }) => kind !== 'operator' || word === 'not').map(({ word, kind }) => (kind === 'function' ? `${word}(` : word))
  const proposed = (written: string, given = context): string[] => completeExpression(written.replace('|', ''), written.indexOf('|'), given).map(({ insert }) => insert)

  test.each([
    ['|', ['L1/61', 'L2/6', ...names]],
    ['prob < |', ['L1/61', 'L2/6', ...names]],
    ['(|', ['L1/61', 'L2/6', ...names]],
    ['pr|', ['prob']],
    ['t| and x', ['top(', 'text', 'token(', 'true']],
    ['L1/|', ['L1/61']],
    ['L|', ['L1/61', 'L2/6', 'logprob', 'lens(']],
    ['act(|', ['L1/61', 'L2/6']],
    ['top(|', ['1', '2']],
    ['lens(|', ['0', '1', '2']],
    ['token(|', ['-1']],
    ['token(-1).|', ['text', 'id', 'position', 'generated']],
    ['token(-1).t|', ['text']],
    ['prob |', ['matches', 'in', 'and', 'or']],
    ['L1/61 > 3 a|', ['and']],
    ['text matches |', []],
    ['text == "|', []],
    ['text matches /a|', []],
    ['text == "a" |', ['matches', 'in', 'and', 'or']],
  ])('%s', (written, inserts) => {
    expect(proposed(written)).toEqual(inserts)
  })

  it('what looks into the model only where it may', () => {
    expect(proposed('ne|', { ...context, mayLook: false })).toEqual([])
    expect(proposed('ne|')).toEqual(['next'])
  })

  it('in place of the word that was begun, with its help', () => {
    expect(completeExpression('1 < L1/6', 8, context)).toEqual([{ label: 'L1/61', insert: 'L1/61', range: { start: 4, end: 8 }, kind: 'feature', help: 'fires here with 31.2; rivers' }])
    expect(completeExpression('to', 2, context)[0]).toMatchObject({ label: 'top(14, 5)', insert: 'top(', kind: 'function', range: { start: 0, end: 2 } })
  })
})

describe('hover help', () => {
  test.each<[string, number, string | null]>([
    ['prob < 1', 0, 'prob'],
    ['prob < 1', 3, 'prob'],
    ['prob < 1', 4, null],
    ['1 < top(14)', 5, 'top(14, 5)'],
    ['generated && true', 11, 'prob < 0.1 and generated'],
    ['text == "prob"', 10, null],
    ['nobody', 1, null],
    ['"', 0, null],
  ])('%s at %i', (text, offset, form) => {
    expect(explainWord(text, offset, words)?.form ?? null).toBe(form)
  })

  it('tells what is known of a feature', () => {
    expect(explainWord('1 < L14/6159', 6, words)).toEqual({ range: { start: 4, end: 12 }, form: 'L14/6159', help: 'activation of feature 6159 of layer 14, "rivers 60 % · Danube, Rhine"' })
    expect(explainWord('L14/7', 0, words)?.help).toBe('activation of feature 7 of layer 14, of which no label is known')
  })
})

describe('docs/debugging.md', () => {
  const docs = readFileSync(new URL('../../../../docs/debugging.md', import.meta.url), 'utf8')
  const cell = (text: string): string => text.replaceAll('|', '\\|')

  it('has the table of words as completion and hover tell them', () => {
    const rows = docs.split('\n').filter((line) => /^\| `[^`]+` \| /.test(line))
    for (const { form, help } of WORDS) expect(rows).toContain(`| \`${cell(form)}\` | ${cell(help)} |`)
  })
})
