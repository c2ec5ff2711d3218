// Conditions: what they may ask about a token, what they say where nobody knows, and the sentence for every mistake.
import { describe, expect, it, test } from 'vitest'
import { parseCondition } from '../../../../server/debug/expressions/parseCondition'
import { factsOf } from '../facts'
import { sentenceOf } from './sentenceOf'

const facts = factsOf([
  'The',
  { text: ' river', prob: 0.25, rank: 2, entropy: 3.5, features: { '14/6159': 31.2, '14/7': 2 }, norms: { 14: 80 } },
  { text: ' Danube', generated: true, prob: 0.5, features: { '14/7': 4 } },
  { text: ' flows', generated: true, prob: 0.01, id: 4242, features: { '3/1': 0.5 } },
])

const holdsAt = (text: string): number[] => facts.filter((at) => parseCondition(text, null).holds(at)).map(({ position }) => position)

describe('a condition holds at', () => {
  const cases: [string, number[]][] = [
    ['L14/6159', [1]],
    ['act(L14/6159)', [1]],
    ['act( L14 / 7 ) >= 2', [1, 2]],
    ['L14/7 > 2', [2]],
    ['L14/7 and not L14/6159', [2]],
    ['not L14/7', [0, 3]],
    ['prob < 0.3', [1, 3]],
    ['prob <= .25', [1, 3]],
    ['logprob > -1', [2]],
    ['rank > 1', [1]],
    ['entropy == 3.5', [1]],
    ['norm(14) > 50', [1]],
    ['generated', [2, 3]],
    ['!generated', [0, 1]],
    ['generated == false', [0, 1]],
    ['position % 2 == 1', [1, 3]],
    ['position + 1 >= 3 * 1', [2, 3]],
    ['id == 4242', [3]],
    ['text == " river"', [1]],
    ["text != ' river' && position < 3", [0, 2]],
    ['text matches /^ [A-Z]/', [2]],
    ['text =~ /RIVER/i or text =~ /flow/', [1, 3]],
    ['text matches /r|R/ and not text matches /iv/', []],
    ['completion matches /Danube flows$/', [3]],
    ['completion == ""', [0, 1]],
    ['token(-1).text == "The"', [1]],
    ['token(2).generated', [2, 3]],
    ['token(-2).id < token(-1).id', [2, 3]],
    ['-position > -2', [0, 1]],
    ['(position == 0 or position == 1) and (true)', [0, 1]],
    ['L14/7 in top(14)', [1, 2]],
    ['L14/7 in top(14, 1) or act(L14/6159) in top(14, 1) and position > 5', [2]],
    ['not L14/6159 in top(14)', [0, 2, 3]],
    ['L14/7 / 2 >= 2', [2]],
    ['L14/7/2 >= 2', [2]],
    ['(L14/7) /2 == 1 or 2/ (L14/7) == 1', [1]],
    [`${'(true) and '.repeat(60)}position < 1`, [0]],
    ['text matches /\\p{Lu}/ and text matches /[/]|\\/|D/', [2]],
  ]
  test.each(cases)('%s', (text, positions) => {
    expect(holdsAt(text)).toEqual(positions)
  })
})

// At token 0 nothing is known of prob, at tokens 0 and 1 there is no token(2) yet: going back must find what going on found.
describe('what nobody knows', () => {
  test.each([
    ['prob < 2', [1, 2, 3]],
    ['not prob < 2', []],
    ['not (prob > 0.3 and generated)', [0, 1, 3]],
    // The side that is known decides where it can.
    ['prob < 2 or position == 0', [0, 1, 2, 3]],
    ['not (prob < 2 and position == 1)', [0, 2, 3]],
    ['token(-1).text matches /./', [1, 2, 3]],
    ['not token(-1).generated', [1, 2]],
    ['1 / position > 0', [1, 2, 3]],
    ['not 1 / position > 0', []],
    ['token(3).position == 3', [3]],
  ])('never makes a condition hold: %s', (text, positions) => {
    expect(holdsAt(text)).toEqual(positions)
  })
})

it('knows of no token after this one, so that going back finds what going on found', () => {
  const whole = factsOf(['a', 'b', 'c'])
  const condition = parseCondition('token(2).text == "c"', null)
  expect(whole.map((at) => condition.holds(at))).toEqual([false, false, true])
})

it('names the layers and predictions that it needs, and reads no other', () => {
  const { needs } = parseCondition('L14/1 > 2 and L3/5 or norm(7) > 1 / rank', null)
  expect(needs).toEqual({ layers: [3, 7, 14], predictions: true })
  expect(parseCondition('text == "a" or generated', null).needs).toEqual({ layers: [], predictions: false })
  for (const text of ['L14/1 > 2 or norm(7) > 1', 'L3/5']) {
    const condition = parseCondition(text, null)
    expect(() => factsOf(['a'], condition.needs).map((at) => condition.holds(at))).not.toThrow()
  }
})

describe('a mistake is named with its column and one way out', () => {
  const mistakes: [string, string][] = [
    ['', 'condition is empty; write one such as L14/6159 > 8'],
    ['x'.repeat(1001), `condition "${'x'.repeat(80)}…" has 1001 characters; write at most 1000`],
    ['probb < 1', 'condition "probb < 1" has the unknown name "probb" at column 1; write prob'],
    ['position > 3 and Text == "a"', 'condition "position > 3 and Text == \\"a\\"" has the unknown name "Text" at column 18; write text'],
    ['constructor', 'condition "constructor" has the unknown name "constructor" at column 1; write one of act, top, norm, prob, logprob, entropy, rank, text, id, position, generated'],
    ['prob', 'condition "prob" has a number where a yes or no belongs at column 1; compare it, for example with > 0'],
    ['generated and text', 'condition "generated and text" has a text where a yes or no belongs at column 15; compare it, or write matches and a regular expression'],
    ['prob = 1', 'condition "prob = 1" has a single = at column 6; write == to compare; a value is set in Variables'],
    ['prob === 1', 'condition "prob === 1" has === at column 6; write =='],
    ['0.1 < prob < 0.5', 'condition "0.1 < prob < 0.5" compares a second time with "<" at column 12; join two comparisons with and, for example 0.1 < prob and prob < 0.5'],
    ['prob <', 'condition "prob <" ends where a value belongs at column 7; write a value such as prob, text or L14/6159'],
    ['(prob < 1', 'condition "(prob < 1" has a ( that is never closed at column 1; close it with )'],
    ['prob < 1)', 'condition "prob < 1)" has a ) that closes nothing at column 9; take it out'],
    ['prob < 1 2', 'condition "prob < 1 2" goes on with "2" at column 10; join two parts with and, or'],
    ['text > 3', 'condition "text > 3" orders a text by > at column 1; write ==, != or matches'],
    ['text == 3', 'condition "text == 3" compares a text with a number at column 1; compare values of one kind'],
    ['prob matches /a/', 'condition "prob matches /a/" searches a number with a regular expression at column 1; write text or completion in its place'],
    ['text matches "a"', 'condition "text matches \\"a\\"" has "\\"a\\"" where a regular expression belongs at column 14; write one between slashes such as /[a-z]+/i'],
    ['text matches /a', 'condition "text matches /a" has a regular expression that is never closed at column 14; write it between slashes such as /[a-z]+/i'],
    ['text matches /(?=a)/', 'condition "text matches /(?=a)/" has the regular expression "(?=a)" that cannot be used: invalid or unsupported Perl syntax: "(?=" at column 14; write it without lookaround and back references'],
    ['text matches /[z-a]/', 'condition "text matches /[z-a]/" has the regular expression "[z-a]" that cannot be used: invalid character class range: "z-a" at column 14; correct it, in the syntax of RE2'],
    ['text matches /\\p{Script=Han}/', 'condition "text matches /\\\\p{Script=Han}/" has the regular expression "\\\\p{Script=Han}" that cannot be used: invalid character class range: "\\p{Script=Han}" at column 14; write \\p{Han}'],
    ['text matches /a/g', 'condition "text matches /a/g" has a regular expression with the flag g at column 14; leave it out, or write i, m or s'],
    ['text matches /(a{90}){10}(b{90}){10}(c{90}){10}/', 'condition "text matches /(a{90}){10}(b{90}){10}(c{90}){10}/" has the regular expression "(a{90}){10}(b{90}){10}(c{90}){10}", which repeats too much, at column 14; write smaller counts'],
    ['/a/', 'condition "/a/" has a regular expression with nothing to match at column 1; write text matches in front of it'],
    ['L14 > 2', 'condition "L14 > 2" has "L14" without a feature at column 1; write a feature such as L14/6159'],
    ['L15/3 > 2', 'condition "L15/3 > 2" names layer 15, which has no SAE, at column 1; choose one of the layers 12-14'],
    ['L14/32768', 'condition "L14/32768" names feature 32768 of 32768 at column 1; write 0 to 32767'],
    ['norm > 2', 'condition "norm > 2" has norm without parentheses at column 1; write norm(14)'],
    ['norm(12, 3) > 2', 'condition "norm(12, 3) > 2" has norm with "12, 3" in its parentheses at column 1; write norm(14)'],
    ['act(14) > 2', 'condition "act(14) > 2" has "14" in act( ) at column 5; write a feature such as act(L14/6159)'],
    ['top(14) > 3', 'condition "top(14) > 3" compares a list at column 1; ask for a feature in it, for example L14/6159 in top(14, 5)'],
    ['token(-1) == 3', 'condition "token(-1) == 3" compares a token at column 1; ask for its text or id, for example token(-1).text == "the"'],
    ['top(14)', 'condition "top(14)" has a list where a yes or no belongs at column 1; ask for a feature in it, for example L14/6159 in top(14, 5)'],
    ['L13/7 in top(14)', 'condition "L13/7 in top(14)" looks for a feature of layer 13 among those of layer 14 at column 10; write top(13, 5)'],
    ['text in top(14)', 'condition "text in top(14)" looks for what is no feature in a list at column 1; write a feature, for example L14/6159 in top(14, 5)'],
    ['L14/7 in 3', 'condition "L14/7 in 3" looks for a feature in what is no list of them at column 10; write top(14, 5)'],
    ['L14/7 in top(14) > 3', 'condition "L14/7 in top(14) > 3" compares a second time with ">" at column 18; join two comparisons with and, for example 0.1 < prob and prob < 0.5'],
    ['token(-1).prob < 1', 'condition "token(-1).prob < 1" asks for prob of another token at column 11; write one of text, id, position, generated'],
    ['token(-1).txt == ""', 'condition "token(-1).txt == \\"\\"" asks for txt of another token at column 11; write text'],
    ['token(0.5).id == 1', 'condition "token(0.5).id == 1" has "0.5" in token( ) at column 7; write a whole number'],
    ['next', 'condition "next" uses next, which looks into the model at every token, at column 1; use it in Watch or the debug console'],
    ['lens(14) > 2', 'condition "lens(14) > 2" uses lens(14), which looks into the model at every token, at column 1; use it in Watch or the debug console'],
    ["text == 'abc", `condition "text == 'abc" has a text that is never closed at column 9; close it with the same quote`],
    ['1e999 > 2', 'condition "1e999 > 2" has the number "1e999", beyond what can be computed with, at column 1; write a smaller number'],
    ['prob; 1', 'condition "prob; 1" has ";", which means nothing here, at column 5; put text into quotes, or take it out'],
    [`${'('.repeat(41)}1`, `condition "${'('.repeat(41)}1" nests deeper than 40 levels at column 41; take out parentheses`],
  ]
  test.each(mistakes)('%s', (text, sentence) => {
    expect(sentenceOf(() => parseCondition(text, { layers: 28, saeLayers: [12, 13, 14], features: 32768 }))).toBe(sentence)
  })

  it('says that a model without an SAE set has no features', () => {
    expect(sentenceOf(() => parseCondition('L1/2', { layers: 28, saeLayers: [], features: null }))).toBe(
      'condition "L1/2" asks for features of layer 1 of a model without an SAE set at column 1; name an SAE set in the launch configuration')
  })
})
