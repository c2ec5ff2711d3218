// What is written into breakpoints beside conditions: hit conditions, log messages, function and data breakpoints, and values of features.
import { describe, expect, it, test } from 'vitest'
import { parseDataCondition, type DataAccess } from '../../../../server/debug/expressions/parseDataCondition'
import { parseFeatureValue } from '../../../../server/debug/expressions/parseFeatureValue'
import { parseFunctionBreakpoint } from '../../../../server/debug/expressions/parseFunctionBreakpoint'
import { parseHitCondition } from '../../../../server/debug/expressions/parseHitCondition'
import { parseLogMessage } from '../../../../server/debug/expressions/parseLogMessage'
import type { EditOperation } from '../../../../server/protocol/values'
import { factsOf } from '../facts'
import { sentenceOf } from './sentenceOf'

const facts = factsOf([
  'The',
  { text: ' Danube', prob: 0.25, features: { '14/6159': 31.2, '14/7': 2 }, norms: { 14: 80.123 } },
  { text: '\n', generated: true, prob: 0.0001234, rank: 12, features: { '14/7': 4 } },
])

describe('a hit condition counts the times', () => {
  test.each([
    ['3', [3]],
    [' == 3 ', [3]],
    ['= 3', [3]],
    ['>= 3', [3, 4, 5, 6, 7]],
    ['>3', [4, 5, 6, 7]],
    ['<= 2', [1, 2]],
    ['< 2', [1]],
    ['% 3', [3, 6]],
  ])('%s', (text, times) => {
    expect([1, 2, 3, 4, 5, 6, 7].filter(parseHitCondition(text))).toEqual(times)
  })

  test.each([
    ['often', 'hit condition "often" is not a number of times; write one such as 3, >= 3 or % 3'],
    ['1.5', 'hit condition "1.5" is not a number of times; write one such as 3, >= 3 or % 3'],
    ['0', 'hit condition "0" never holds; write 1 or more'],
    ['% 0', 'hit condition "% 0" never holds; write % 1 or more'],
    ['< 1', 'hit condition "< 1" never holds; write < 2 or more'],
  ])('%s is explained', (text, sentence) => {
    expect(sentenceOf(() => parseHitCondition(text))).toBe(sentence)
  })
})

describe('a log message', () => {
  test.each([
    ['no braces', 'no braces'],
    ['token {position}:{text}', 'token 1: Danube'],
    ['{L14/6159} and {act(L14/8)}', '31.2 and 0'],
    ['{top(14)}', 'L14/6159 31.2, L14/7 2.00'],
    ['{top(14, 1)}', 'L14/6159 31.2'],
    ['{prob} {rank} {norm(14)} {generated}', '0.25 1 80.12 false'],
    ['{token(-1)} {token(0).text}', '"The" token 0 The'],
    ['{text matches /^.{7}$/} {text == "}"} {text == "{"}', 'true false false'],
    ['\\{{position * 2}\\} C:\\dir', '{2} C:\\dir'],
    ['two\n  lines', 'two lines'],
    ['{token(9)}', 'unknown'],
  ])('%s', (text, logged) => {
    expect(parseLogMessage(text, null).render(facts[1]!)).toBe(logged)
  })

  it('stays on its line, and says what is not known', () => {
    expect(parseLogMessage('<{text}> {prob}', null).render(facts[2]!)).toBe('<↵> 0.000123')
    expect(parseLogMessage('<{text}> {prob}', null).render(facts[0]!)).toBe('<The> unknown')
  })

  it('has labels when it is given them', () => {
    const words = { label: () => 'rivers', tokenText: () => '' }
    expect(parseLogMessage('{L14/6159}, {top(14, 1)}', null).render(facts[1]!, words)).toBe('31.2 "rivers", L14/6159 31.2 "rivers"')
  })

  it('names all that it asks for of a list', () => {
    const features = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`14/${index}`, 30 - index]))
    expect(parseLogMessage('{top(14, 12)}', null).render(factsOf([{ text: 'a', features }])[0]!)).toMatch(/^L14\/0 30\.0, .*L14\/11 19\.0$/)
  })

  it('needs what its expressions need', () => {
    expect(parseLogMessage('{L14/1} {top(3)} {prob}', null).needs).toEqual({ layers: [3, 14], predictions: true })
  })

  test.each([
    ['', 'log message is empty; write one such as {text} {L14/6159}'],
    ['a {text', 'log message "a {text" has a { that is never closed at column 3; close it with }, or write \\{ for a brace'],
    ['a } b', 'log message "a } b" has a } that closes nothing at column 3; write \\} for a brace'],
    ['a {} b', 'log message "a {} b" ends where a value belongs at column 4; write a value such as prob, text or L14/6159'],
    ['a {text} {probb}', 'log message "a {text} {probb}" has the unknown name "probb" at column 11; write prob'],
    ['{next}', 'log message "{next}" uses next, which looks into the model at every token, at column 2; use it in Watch or the debug console'],
  ])('%s is explained', (text, sentence) => {
    expect(sentenceOf(() => parseLogMessage(text, null))).toBe(sentence)
  })
})

describe('a function breakpoint', () => {
  const at = (name: string, condition: string | null): number[] => {
    const breakpoint = parseFunctionBreakpoint(name, condition, null)
    return facts.filter((fact) => breakpoint.holds(fact)).map(({ position }) => position)
  }

  test.each([
    ['L14/6159', null, [1]],
    ['L14/7', null, [1, 2]],
    ['L14/7 > 2', null, [2]],
    ['L14/7', 'generated', [2]],
    ['L14/7', '  ', [1, 2]],
    ['L14/7', '> 2', [2]],
    [' L14/7', ' <= 2 and position > 0', [1]],
    ['prob < 0.5 and not generated', null, [1]],
  ])('%s with the condition %s', (name, condition, positions) => {
    expect(at(name, condition)).toEqual(positions)
  })

  it('says which features it is about, and needs what name and condition need', () => {
    const { features, needs } = parseFunctionBreakpoint('L14/7 > 2 or L3/5 or L14/7 < 1', 'prob < 1 and L2/1', null)
    expect(features).toEqual([{ layer: 14, feature: 7 }, { layer: 3, feature: 5 }])
    expect(needs).toEqual({ layers: [2, 3, 14], predictions: true })
  })

  test.each([
    ['', null, 'function breakpoint is empty; write one such as L14/6159'],
    ['main', null, 'function breakpoint "main" has the unknown name "main" at column 1; write one of act, top, norm, prob, logprob, entropy, rank, text, id, position, generated'],
    ['L14/99999', null, 'function breakpoint "L14/99999" names feature 99999 of 100 at column 1; write 0 to 99'],
    ['L14/7 or generated', '> 8', 'condition "> 8" has ">" where a value belongs at column 1; write a value such as prob, text or L14/6159'],
  ])('%s with the condition %s is explained', (name, condition, sentence) => {
    expect(sentenceOf(() => parseFunctionBreakpoint(name, condition, { layers: 28, saeLayers: [14], features: 100 }))).toBe(sentence)
  })
})

describe('a data breakpoint holds at', () => {
  const activations = [3, 0, 0, 5, 5, 9, 10, 2, 0]
  const at = (text: string | null, access: DataAccess): number[] => {
    const holds = parseDataCondition(text, access)
    return activations.flatMap((now, position) => (holds(now, position === 0 ? null : activations[position - 1]!) ? [position] : []))
  }

  test.each<[string | null, DataAccess, number[]]>([
    [null, 'read', [0, 3]],
    [null, 'write', [0, 1, 3, 5, 6, 7, 8]],
    [null, 'readWrite', [0, 1, 3, 5, 6, 7, 8]],
    ['', 'read', [0, 3]],
    ['> 8', 'write', [5]],
    ['8', 'write', [5]],
    ['>= 5', 'read', [3]],
    ['< 3', 'write', [1, 7]],
    ['<= 2', 'write', [1, 7]],
    ['== 0', 'write', [1, 8]],
    ['!= 0', 'write', [0, 3]],
    ['> 1e1', 'write', []],
  ])('%s by %s', (text, access, positions) => {
    expect(at(text, access)).toEqual(positions)
  })

  it('explains what it cannot read', () => {
    expect(sentenceOf(() => parseDataCondition('prob < 1', 'write'))).toBe('data breakpoint condition "prob < 1" is not a comparison with a number; write one such as > 8, or set a function breakpoint on the whole condition')
  })
})

describe('the value of a feature', () => {
  test.each<[string, EditOperation | null]>([
    ['12.5', { kind: 'set', value: 12.5 }],
    ['= 12.5', { kind: 'set', value: 12.5 }],
    ['-3', { kind: 'set', value: -3 }],
    ['-0', { kind: 'set', value: 0 }],
    ['0 "rivers, \\"blue\\""', { kind: 'set', value: 0 }],
    ['+= 20', { kind: 'add', value: 20 }],
    ['-= 5', { kind: 'add', value: -5 }],
    ['-=0', { kind: 'add', value: 0 }],
    ['*= .5', { kind: 'scale', value: 0.5 }],
    ['suppress', { kind: 'set', value: 0 }],
    ['Boost 20', { kind: 'add', value: 20 }],
    ['clamp 8', { kind: 'set', value: 8 }],
    ['none', null],
    [' off ', null],
  ])('%s', (text, operation) => {
    expect(parseFeatureValue(text)).toEqual(operation)
  })

  const examples = 'write a number, += 20, *= 0.5, suppress, boost 20, clamp 8 or none'
  test.each([
    ['', `value "" has no number; ${examples}`],
    ['loud', `value "loud" is not a value of a feature; ${examples}`],
    ['constructor 5', `value "constructor 5" is not a value of a feature; ${examples}`],
    ['/= 2', `value "/= 2" is not a value of a feature; ${examples}`],
    ['12 13', `value "12 13" is not a value of a feature; ${examples}`],
    ['boost', 'value "boost" has no number; write one behind it, for example boost 20'],
    ['*=', 'value "*=" has no number; write one behind it, for example *= 0.5'],
    ['suppress 3', 'value "suppress 3" has a number behind suppress; write suppress alone'],
    ['1e39', 'value "1e39" is beyond float32; write a smaller number'],
  ])('%s is explained', (text, sentence) => {
    expect(sentenceOf(() => parseFeatureValue(text))).toBe(sentence)
  })
})
