// Tokens as the strip shows them, the keys that move between them, and numbers as they are written.
import { describe, expect, it } from 'vitest'
import { formatActivation, formatDuration, formatProbability } from '../../../webview/scope/format'
import { tokenFromKey, type Place } from '../../../webview/scope/tokenKeys'
import { spokenToken, visibleText, visibleToken } from '../../../webview/widgets/tokenText'

describe('visible tokens', () => {
  it.each([
    [' the', { text: 'the', leadingSpace: true, lineBreaks: 0 }],
    [' ', { text: '·', leadingSpace: false }],
    ['  x', { text: '··x', leadingSpace: false }],
    ['\n\n', { text: '↵↵', lineBreaks: 2 }],
    ['a\r\n', { text: 'a↵', lineBreaks: 1 }],
    ['\t', { text: '⇥' }],
    ['', { text: '∅' }],
    ['⟨e4⟩', { partial: true, special: false }],
    ['<|im_start|>', { special: true, partial: false }],
    ['</s>', { special: true }],
    ['<b', { special: false }],
  ])('%j', (display, expected) => expect(visibleToken(display)).toMatchObject(expected))

  it('has marks for text on one line and words for the ear', () => {
    expect(visibleText('a b\n')).toBe('a·b↵')
    expect(['\n', ' ', '', ' sky'].map(spokenToken)).toEqual(['line break', 'space', 'no text', 'sky'])
  })
})

describe('keys', () => {
  // Three lines: 0 1 2 | 3 4 | 5, each token 10 wide, except 3, which is 20 wide.
  const places: readonly Place[] = [
    { left: 0, right: 10, top: 0 }, { left: 10, right: 20, top: 0 }, { left: 20, right: 30, top: 0 },
    { left: 0, right: 20, top: 20 }, { left: 20, right: 30, top: 20 }, { left: 0, right: 10, top: 40 },
  ]
  it.each([
    ['ArrowLeft', 0, 0], ['ArrowLeft', 3, 2], ['ArrowRight', 2, 3], ['ArrowRight', 5, 5], ['Home', 4, 0], ['End', 1, 5],
    ['ArrowDown', 0, 3], ['ArrowDown', 2, 4], ['ArrowDown', 4, 5], ['ArrowDown', 5, 5], ['ArrowUp', 5, 3], ['ArrowUp', 4, 2], ['ArrowUp', 3, 1], ['ArrowUp', 1, 1],
  ])('%s from %i leads to %i', (key, from, to) => expect(tokenFromKey(key, from, places.length, (i) => places[i]!)).toBe(to))

  it('leaves other keys alone', () => {
    expect(tokenFromKey('Tab', 1, places.length, (i) => places[i]!)).toBeNull()
  })
})

describe('numbers', () => {
  it('writes activations with two decimals', () => {
    expect([0, 0.004, 6.2, 99.999, 1234.56].map(formatActivation)).toEqual(['0', '0.00', '6.20', '100.00', '1234.6'])
  })

  it('writes probabilities as percentages', () => {
    expect([null, 0, Math.log(0.9999), Math.log(0.324), Math.log(0.00001)].map(formatProbability)).toEqual(['–', '100 %', '100 %', '32.4 %', '< 0.1 %'])
  })

  it('writes durations', () => {
    expect([84.6, 2400].map(formatDuration)).toEqual(['85 ms', '2.4 s'])
  })
})
