// What a line takes of the terminal's width.
import { expect, it } from 'vitest'
import { bar, columnsOf, fit } from '../../../server/cli/terminal'

it.each([['abc', 3], ['从前', 4], ['é', 1], ['e\u0301', 1], ['カタ', 4], ['🙂', 2], ['', 0]])('%s takes its columns', (text, columns) => expect(columnsOf(text)).toBe(columns))
it.each([['abc', 5, 'abc  '], ['abcdef', 4, 'abc…'], ['从前有', 5, '从前…'], ['从前有', 4, '从… '], ['abc', 3, 'abc']])('%s is fitted into %i', (text, columns, expected) => expect(fit(text, columns)).toBe(expected))
it.each([[0, '    '], [1, '████'], [0.5, '██  '], [0.53125, '██▏ '], [7, '████'], [-1, '    ']])('a share of %d has its bar', (share, expected) => expect(bar(share, 4)).toBe(expected))
