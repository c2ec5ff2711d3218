// Which completions count as faulty, and from which token on.
import { describe, expect, it } from 'vitest'
import { detectFaults, detectLanguageSwitch, detectLoop } from '../../../server/runs/detectors'
import { fakeRun, words } from './fakeRun'

const characters = (text: string): string[] => [...text]

describe('language switch', () => {
  const check = (prompt: string, completion: string[], expected: { script: string; first: number; last: number } | null): void => {
    const fault = detectLanguageSwitch(fakeRun(words(prompt), completion))
    expect(fault && fault.kind === 'languageSwitch' ? { script: fault.script, first: fault.first, last: fault.last } : fault).toEqual(expected)
  }
  it('is three Han characters after an English prompt', () => check('tell me a story', [' once', ' 从', '前', '有'], { script: 'Han', first: 5, last: 7 }))
  it('is not two of them', () => check('tell me a story', [' once', ' 从', '前'], null))
  it('does not mind characters that the prompt uses', () => check('what does 你好 mean', characters('从前有座山'), null))
  it('lets a Japanese prompt be answered in kanji', () => check('ありがとう', characters('日本語です'), null))
  it('finds kana after Chinese', () => check('从前有座山', characters('山ですから'), { script: 'Hiragana', first: 2, last: 5 }))
  it('is three words of an alphabet, since abbreviations turn up anywhere', () => {
    check('从前有座山', ['GDP', '是', ' α'], null)
    check('从前有座山', ['然后', ' then', ' they', ' went'], { script: 'Latin', first: 2, last: 4 })
  })
  it('finds Cyrillic after Latin', () => check('tell me a story', words('жил был царь'), { script: 'Cyrillic', first: 4, last: 6 }))
  it('begins at the first byte of a character of several tokens', () => check('hello', [' hi', '', '', '从', '前', '有'], { script: 'Han', first: 2, last: 6 }))
  it('begins at the full stop that announces the script', () => check('tell me', [' tea', '。“', '从', '前', '有'], { script: 'Han', first: 3, last: 6 }))
  it('ignores special tokens', () => check('从前有座山', ['<|im_end|>', '<|im_start|>', '<|endoftext|>'], null))
  it('has nothing to say when the prompt has no letters', () => check('1 + 1 =', characters('从前有座山'), null))
})

describe('loop', () => {
  const check = (completion: string[], expected: { first: number; last: number; period: number } | null): void => {
    const fault = detectLoop(fakeRun(['p'], completion))
    expect(fault && fault.kind === 'loop' ? { first: fault.first, last: fault.last, period: fault.period } : fault).toEqual(expected)
  }
  const repeat = (unit: string[], times: number): string[] => Array.from({ length: times }, () => unit).flat()
  const unit = ['the', 'cat', 'sat', 'down']
  it('is a unit of four tokens three times in a row', () => check(['so', ...repeat(unit, 3)], { first: 2, last: 13, period: 4 }))
  it('is not two of them', () => check(['so', ...repeat(unit, 2), 'the', 'cat'], null))
  it('asks as many tokens of a shorter unit', () => {
    check(repeat(['no', 'yes'], 5), null)
    check(repeat(['no', 'yes'], 6), { first: 1, last: 12, period: 2 })
    check(repeat(['no'], 12), { first: 1, last: 12, period: 1 })
  })
  it('names the shortest unit', () => check(repeat(unit, 6), { first: 1, last: 24, period: 4 }))
  it('ends where the repetition ends', () => check([...repeat(unit, 3), 'the', 'end'], { first: 1, last: 13, period: 4 }))
  it('does not count rules and blanks', () => check(repeat(['-'], 40), null))
  it('does not look into the prompt', () => expect(detectLoop(fakeRun(repeat(unit, 4), ['so']))).toBeNull())
})

it('says both, with the tokens that show it', () => {
  const faults = detectFaults(fakeRun(words('tell me'), characters('山上有山'.repeat(3))))
  expect(faults.map(({ kind, message, tokens }) => ({ kind, message, count: tokens.length }))).toEqual([
    { kind: 'languageSwitch', message: 'completion switches from Latin to Han script at token 2', count: 12 },
    { kind: 'loop', message: 'completion repeats "山上有山" 3 times from token 2', count: 12 },
  ])
})
