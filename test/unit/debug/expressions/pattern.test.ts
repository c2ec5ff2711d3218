// Regular expressions of users mean what they mean in JavaScript, wherever both engines know them.
import { expect, test } from 'vitest'
import { compilePattern } from '../../../../server/debug/expressions/pattern'

const TEXTS = [
  '', ' ', 'the', ' The', ' THE river', 'a/b', '12 apples', '3.14', 'don\'t', 'foo\nbar', 'foo\r\nbar\n', '\t', '中文', '日本語です', ' Fluß', 'STRASSE', 'é', 'e\u0301', '\u{1f600}', 'a\u{1f600}b', 'Ω', 'naïve café', '{"key": [1, 2]}', '<|im_end|>', 'aaaa', 'abab', 'x'.repeat(50), '\\', '$5.00', 'A-Z', '_', 'K', 'ſ',
]

const PATTERNS: [pattern: string, flags: string][] = [
  ['the', ''], ['the', 'i'], ['^ ?[A-Z]', ''], ['^[a-z]+$', ''], ['^[a-z]+$', 'i'], ['\\d+', ''], ['\\D', ''], ['^\\w+$', ''], ['\\W', ''], ['\\bapp', ''], ['\\Bb', ''], ['[/]', ''], ['\\/', ''], ['a\\/b', ''], ['.', ''], ['^.$', 'u'], ['^.b', ''],
  ['o.b', 's'], ['o\\nb', ''], ['^bar$', 'm'], ['^bar$', ''], ['bar$', ''], ['[^a-z]', ''], ['[\\]]', ''], ['[\\d.]+$', ''], ['(ab)+$', ''], ['(?:ab){2}', ''], ['^a{2,4}$', ''], ['a{3,}', ''], ['x{50}', ''], ['a|', ''], ['(a|b)*?c', ''], ['^(?<name>f)oo', ''],
  ['\\u4e2d', ''], ['\\x41', ''], ['\\u{1f600}', 'u'], ['\\p{L}', 'u'], ['^\\p{Lu}', 'u'], ['\\P{L}', 'u'], ['[\\p{L}\\p{N}]+$', 'u'], ['[一-龥]', ''], ['ß', 'i'], ['ω', 'i'], ['É', 'i'], ['\\$5\\.00', ''], ['\\\\', ''], ['<\\|im_(start|end)\\|>', ''], ['^\\{"', ''], ['"key":', ''], ['[A\\-Z]{3}', ''], ['\\t', ''], ['^$', ''], ['()', ''],
]

test.each(PATTERNS)('/%s/%s', (pattern, flags) => {
  const found = compilePattern({ what: 'condition', text: pattern }, { start: 0, end: 0 }, pattern, flags)
  // Both engines read code points, as with the flag u.
  const reference = new RegExp(pattern, flags.includes('u') ? flags : `${flags}u`)
  expect(TEXTS.filter(found)).toEqual(TEXTS.filter((text) => reference.test(text)))
})
