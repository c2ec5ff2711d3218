// What stands for a label where the whole of it has no room.
import { expect, test } from 'vitest'
import { firstWords } from '../../../server/features/firstWords'

test.each([
  ['classical Chinese 63 % · 平, 風, 水', 'classical Chinese'],
  ['English 28 %, classical Chinese 19 % · ang, ●\\n', 'English'],
  ['digits · 0, 2, 1', 'digits'],
  ['the token · in, co, team', 'the token in'],
  ['the token', 'the token'],
  ['rivers, lakes', 'rivers'],
  ['rivers', 'rivers'],
  ['', ''],
])('%s: %s', (label, words) => {
  expect(firstWords(label)).toBe(words)
})
