// The exception filters: where each stops, once, whatever order it is asked in.
import { describe, expect, it } from 'vitest'
import type { DebugToken } from '../../../../server/debug/branch'
import type { Detector } from '../../../../server/debug/detectors/detector'
import { answerStart } from '../../../../server/debug/detectors/answerStart'
import { DETECTORS } from '../../../../server/debug/detectors/detectors'
import { languageSwitch } from '../../../../server/debug/detectors/languageSwitch'
import { loop } from '../../../../server/debug/detectors/loop'
import { lowConfidence } from '../../../../server/debug/detectors/lowConfidence'
import { nonFinite } from '../../../../server/debug/detectors/nonFinite'
import { detectLanguageSwitch, detectLoop } from '../../../../server/runs/detectors'
import { fakeTokens, words } from '../fakeTokens'
import { randomNumbers } from '../../randomNumbers'

/** Everything that a filter finds, asked token by token. */
const findings = (detector: Detector, tokens: readonly DebugToken[]): [at: number, message: string, first: number][] =>
  tokens.flatMap((_, index) => {
    const found = detector.find(tokens, index)
    return found ? [[index, found.message, found.first] as [number, string, number]] : []
  })

const repeat = (unit: readonly string[], times: number): string[] => Array.from({ length: times }, () => unit).flat()

describe('start of the answer', () => {
  it('stops at the first generated token alone', () => expect(findings(answerStart, fakeTokens(['Hi', '.'], ['Ho', '.']))).toEqual([[2, 'answer begins with "Ho" at token 2', 2]]))
  it('does not stop in a prompt', () => expect(findings(answerStart, fakeTokens(['Hi', '.'], []))).toEqual([]))
})

describe('language switch', () => {
  // Of the demo model: `trace --text "The capital of France is" --generate 96 --temperature 0.8 --seed 2`.
  const real = fakeTokens(['The', ' capital', ' of', ' France', ' is'], [' P', 'ur', 've', '.', '我的', '爸爸', '说', '他', '有', '趣的叔叔', '很', '惊讶', '。', '在', '公共场所'])
  it('stops at the third character and tells where the script began', () => expect(findings(languageSwitch, real)).toEqual([[10, 'completion switches from Latin to Han script at token 9', 9]]))
  it('stops again for another script', () =>
    expect(findings(languageSwitch, fakeTokens(['Hi'], ['从', '前', '有', '山', ' да', ' нет', ' да', ' нет', '从'])).map(([at]) => at)).toEqual([3, 7]))
  it('does not stop for a word or two', () => expect(findings(languageSwitch, fakeTokens(words('what is tea'), words('in Chinese 茶 or чай and чай')))).toEqual([]))
})

describe('loop', () => {
  // Of the demo model: `trace --text "Tell me about rivers." --generate 96`.
  const real = fakeTokens(['Tell', ' me', ' about', ' r', 'ivers', '.'], repeat([' Tell', ' me', ' about', ' r', 'ivers', '.'], 3))
  it('stops with the token that completes the third repetition', () => expect(findings(loop, real)).toEqual([[23, 'completion repeats " Tell me about rivers." 3 times from token 6', 6]]))
  it('stops once while it goes on, though twice the unit repeats as well', () => expect(findings(loop, fakeTokens(['p'], repeat(['a', 'b', 'c', 'd'], 30))).map(([at]) => at)).toEqual([12]))
  it('stops again when another begins', () =>
    expect(findings(loop, fakeTokens(['p'], [...repeat(['a', 'b', 'c', 'd'], 4), 'so', ...repeat(['x', 'y'], 9)])).map(([at]) => at)).toEqual([12, 29]))
  it('does not count rules and blanks', () => expect(findings(loop, fakeTokens(['p'], repeat(['-', '|'], 40)))).toEqual([]))
})

describe('low confidence', () => {
  const tokens = (probabilities: readonly (number | null)[]): DebugToken[] =>
    fakeTokens(['p'], probabilities.map((_, i) => ` w${i}`)).map((token, i) => {
      const probability = i === 0 ? 0.01 : probabilities[i - 1]!
      return { ...token, prediction: probability === null ? null : { logprob: Math.log(probability), entropy: 1, rank: 2, alternatives: [] } }
    })
  it('stops at the first of several unlikely tokens, and not in the prompt', () =>
    expect(findings(lowConfidence, tokens([0.5, 0.04, 0.03, 0.2, 0.0001]))).toEqual([
      [2, 'token 2 " w1" has the probability 0.04', 2],
      [5, 'token 5 " w4" has the probability below 0.001', 5],
    ]))
  it('does not guess where the probability is not known', () => expect(findings(lowConfidence, tokens([null, null]))).toEqual([]))
  it.each([['0.5', [2]], ['prob < 0.5', [2]], ['prob<.5', [2]], ['50%', [2]], ['5e-2', [3]]])('takes the condition %s', (text, expected) =>
    expect(findings(lowConfidence.withCondition!(text), tokens([0.6, 0.1, 0.04])).map(([at]) => at)).toEqual(expected))
  it.each(['', 'low', 'prob > 0.5', '0', '2', '-0.1', '0.5 or so'])('refuses the condition %j', (text) => expect(() => lowConfidence.withCondition!(text)).toThrow(/condition ".*" of the filter Low confidence is no probability/))
})

it('every filter says what it is', () => {
  for (const { id, label, description } of [...DETECTORS, nonFinite]) {
    expect(id).toMatch(/^[a-zA-Z]+$/)
    expect(label.length).toBeGreaterThan(3)
    expect(description).toMatch(/\.$/)
  }
  expect([...DETECTORS, nonFinite].filter((each) => each.default).map((each) => each.id)).toEqual(['nonFinite'])
})

describe('over 80 random completions', () => {
  const random = randomNumbers(11)
  const texts = ['a', ' bc', ' де', '从', ' жить', '。', '-', '', '<|im_end|>', " I'm sorry, but I can't"]
  const completions = Array.from({ length: 80 }, () => {
    const kinds = 2 + Math.floor(random() * (texts.length - 2))
    const completion = Array.from({ length: 44 }, () => texts[Math.floor(random() * kinds)]!)
    return fakeTokens(random() < 0.5 ? ['tell', ' me'] : ['说', '吧'], completion)
  })

  it('a filter first stops where a finished run up to there is first faulty', () => {
    for (const tokens of completions) {
      const run = (end: number): Parameters<typeof detectLoop>[0] => ({ tokens: tokens.slice(0, end).map((token) => ({ ...token, logprob: null, alternatives: [], outlier: false })) })
      for (const [detector, detect] of [[loop, detectLoop], [languageSwitch, detectLanguageSwitch]] as const) {
        const first = tokens.findIndex((_, index) => detect(run(index + 1)) !== null)
        expect(findings(detector, tokens)[0]?.[0] ?? -1).toBe(first)
      }
    }
  })

  it('a filter answers the same backwards, and whether later tokens are there or not', () => {
    for (const tokens of completions.slice(0, 40)) {
      for (const detector of DETECTORS) {
        const forwards = tokens.map((_, index) => detector.find(tokens, index))
        const backwards = tokens.map((_, index) => detector.find(tokens.slice(0, tokens.length - index), tokens.length - 1 - index)).reverse()
        expect(backwards).toEqual(forwards)
      }
    }
  })
})
