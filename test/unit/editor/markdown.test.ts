// What must hold of hover markdown: model text stays text, numbers read well.
import { expect, test } from 'vitest'
import { activationText, bar, code, cut, escapeMarkdown, link, percent, smallBar } from '../../../server/editor/markdown'

test.each([
  [' how', '`·how`'],
  ['a\n\tb\r\n', '`a↵⇥b↵`'],
  ['', '`∅`'],
  ['`', '`` ` ``'],
  ['``|', '``` ``| ```'],
  ['\u200b\u0007', '`⟨200b⟩⟨7⟩`'],
  ['[x](command:evil)', '`[x](command:evil)`'],
])('code for %j is %s', (text, expected) => expect(code(text)).toBe(expected))

test('words cannot become links, tables, headings, images or HTML', () => {
  expect(escapeMarkdown('[x](command:y) | <b> # ![i] &amp;\n- https://a.b')).toBe(
    '\\[x\\]\\(command\\:y\\) \\| \\<b\\> \\# \\!\\[i\\] \\&amp; \\- https\\://a\\.b')
})

test.each([[0, '░░░░'], [0.01, '█░░░'], [0.5, '██░░'], [1, '████'], [7, '████']])('bar of %d is %s', (fraction, expected) => expect(bar(fraction, 4)).toBe(expected))
test.each([[0, '100 %'], [Math.log(0.614), '61 %'], [Math.log(0.0321), '3.2 %'], [-30, '<0.1 %']])('probability of %d is %s', (logprob, expected) => expect(percent(logprob)).toBe(expected))
test.each([[0, '0'], [31.234, '31.2'], [1240.4, '1240'], [0.0812, '0.081'], [9.996, '10.00'], [0.0001, '0.000']])('activation %d is %s', (value, expected) =>
  expect(activationText(value)).toBe(expected))
test.each([[0, '▁'], [0.13, '▂'], [0.99, '█'], [1, '█']])('small bar of %d is %s', (fraction, expected) => expect(smallBar(fraction)).toBe(expected))
test.each([['日本語', '日本語'], ['one two three', 'one tw…'], ['🎈🎈🎈🎈🎈🎈🎈🎈', '🎈🎈🎈…'], ['我们一起', '我们一…'], ['a我们一起', 'a我们…']])('%s is cut to %s', (text, expected) => expect(cut(text, 7)).toBe(expected))
test('a tip cannot end its link', () => expect(link('Show', 'command:x', 'a "b") | [c](d)')).toBe('[Show](command:x "a ”b”) \\| \\[c\\](d)")'))
