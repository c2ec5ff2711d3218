// Which token stands where, in prompt files of every line ending and in a run document that grows.
import { describe, expect, it } from 'vitest'
import type { DebugToken } from '../../../server/debug/branch'
import { fileLines, growingLines } from '../../../server/debug/lineIndex'
import { filePlaces, runPlaces, type TokenPlaces } from '../../../server/debug/places'
import { fromClient, toClient } from '../../../server/debug/textPosition'
import { randomNumbers } from '../randomNumbers'
import { fakeTokens } from './fakeTokens'

/** A file whose tokens are given as pieces; `|` separates them, null ranges are written `_`. */
const file = (pieces: readonly string[]): { readonly places: TokenPlaces; readonly tokens: DebugToken[] } => {
  const tokens = fakeTokens(pieces)
  return { places: filePlaces(pieces.join(''), tokens), tokens }
}
const texts = (tokens: readonly DebugToken[], indices: readonly number[]): string[] => indices.map((index) => tokens[index]!.text)

describe('lines of a file', () => {
  it.each([['LF', '\n'], ['CR LF', '\r\n'], ['CR', '\r']])('are those that VS Code shows, ended by %s', (_, ending) => {
    const text = ['a😀b', '', 'c'].join(ending)
    const lines = fileLines(text)
    expect(lines.lineCount()).toBe(3)
    expect(lines.positionAt(text.indexOf('b'))).toEqual({ line: 0, column: 3 })
    expect(lines.positionAt(text.indexOf('c'))).toEqual({ line: 2, column: 0 })
    expect(lines.lengthOf(0)).toBe(4)
    for (const character of 'abc') expect(text[lines.offsetAt(lines.positionAt(text.indexOf(character)))]).toBe(character)
  })
  it('take an offset inside a line ending for the end of the line', () => expect(fileLines('ab\r\nc').positionAt(3)).toEqual({ line: 0, column: 2 }))
  it('give a byte order mark no column', () => expect(fileLines('\uFEFFab').positionAt(2)).toEqual({ line: 0, column: 1 }))
  it('end where the text ends', () => {
    expect(fileLines('ab\n').positionAt(99)).toEqual({ line: 1, column: 0 })
    expect(fileLines('ab\ncd').offsetAt({ line: 0, column: 9 })).toBe(2)
    expect(fileLines('ab\ncd').offsetAt({ line: 9, column: 0 })).toBe(5)
  })
})

it('lines of a run document grow, and carriage returns are characters there', () => {
  const lines = growingLines()
  for (const part of ['one\r', '\ntw', 'o\n', '\nfour']) lines.append(part)
  expect([0, 1, 2, 3].map((line) => lines.lengthOf(line))).toEqual([4, 3, 0, 4])
  expect(lines.positionAt(11)).toEqual({ line: 3, column: 1 })
})

it('clients count lines and columns as they like', () => {
  const position = { line: 3, column: 0 }
  expect(toClient(position, { linesStartAt1: true, columnsStartAt1: true })).toEqual({ clientLine: 4, clientColumn: 1 })
  expect(toClient(position, { linesStartAt1: true, columnsStartAt1: false })).toEqual({ clientLine: 4, clientColumn: 0 })
  for (const linesStartAt1 of [true, false]) {
    const counting = { linesStartAt1, columnsStartAt1: !linesStartAt1 }
    expect(fromClient(toClient(position, counting), counting)).toEqual(position)
  }
})

describe('tokens of a prompt file', () => {
  const { places, tokens } = file(['You', ' are', ' brief', '.\n\n', 'Tell', ' a', '\n   joke', '.'])
  it('stand on their line', () => {
    expect(texts(tokens, places.on(0))).toEqual(['You', ' are', ' brief', '.\n\n'])
    expect(texts(tokens, places.on(1))).toEqual([])
    expect(texts(tokens, places.on(2))).toEqual(['Tell', ' a', '\n   joke'])
    expect(texts(tokens, places.on(3))).toEqual(['\n   joke', '.'])
  })
  it('have a span', () => {
    expect(places.spanOf(1)).toEqual({ start: { line: 0, column: 3 }, end: { line: 0, column: 7 } })
    expect(places.spanOf(6)).toEqual({ start: { line: 2, column: 6 }, end: { line: 3, column: 7 } })
  })
  it('are found by any of their characters', () => {
    expect(texts(tokens, places.at({ line: 0, column: 4 }))).toEqual([' are'])
    expect(texts(tokens, places.at({ line: 3, column: 1 }))).toEqual(['\n   joke'])
    expect(texts(tokens, places.at({ line: 3, column: 8 }))).toEqual([])
    expect(texts(tokens, places.at({ line: 0, column: 99 }))).toEqual([])
    expect(texts(tokens, places.at({ line: 99, column: 0 }))).toEqual([])
  })
  it('offer their columns', () => {
    expect(places.columnsOn(0)).toEqual([0, 3, 7, 13])
    expect(places.columnsOn(3)).toEqual([0, 7])
  })
  const resolved = (line: number, column: number | null): unknown => {
    const place = places.resolve(line, column)
    return place && [place.position.line, place.position.column, tokens[place.token]!.text]
  }
  it('take breakpoints of their line, of their column, and of lines before that have none', () => {
    expect(resolved(0, null)).toEqual([0, 0, 'You'])
    expect(resolved(0, 5)).toEqual([0, 3, ' are'])
    expect(resolved(1, null)).toEqual([2, 0, 'Tell'])
    expect(resolved(1, 3)).toEqual([2, 0, 'Tell'])
    expect(resolved(3, null)).toEqual([3, 0, '\n   joke'])
    expect(resolved(3, 30)).toBeNull()
    expect(resolved(4, null)).toBeNull()
  })
  it('reach a line once, with the first token on it', () => {
    const reached = (line: number, column: number | null): string[] => tokens.filter(({ index }) => places.reaches(index, places.resolve(line, column)!)).map((token) => token.text)
    expect(reached(0, null)).toEqual(['You'])
    expect(reached(1, null)).toEqual(['Tell'])
    expect(reached(0, 9)).toEqual([' brief'])
    expect(reached(3, null)).toEqual(['\n   joke'])
  })
})

it('a line that a template repeats is reached every time, and tokens without a place in it do not count', () => {
  const at = (text: string, start: number, end: number, index: number): DebugToken => ({ ...fakeTokens([text])[0]!, index, promptRange: end === 0 ? null : { start, end } })
  const text = 'List:\n- {{item}} ok\nend'
  const pieces: [string, number, number][] = [['List', 0, 4], [':\n', 4, 6], ['-', 6, 7], [' pear', 7, 15], ['s', 7, 15], [' ok\n', 16, 20], ['-', 6, 7], [' fig', 0, 0], [' ok\n', 16, 20], ['end', 20, 23]]
  const tokens = pieces.map(([piece, start, end], index) => at(piece, start, end, index))
  const places = filePlaces(text, tokens)
  const reached = (line: number, column: number | null): number[] => tokens.map(({ index }) => index).filter((index) => places.reaches(index, places.resolve(line, column)!))
  expect(reached(1, null)).toEqual([2, 6])
  expect(reached(1, 3)).toEqual([3])
  expect(reached(1, 10)).toEqual([5, 8])
  expect(places.spanOf(7)).toBeNull()
  expect(places.columnsOn(1)).toEqual([0, 1, 10])
})

describe('tokens of a run document', () => {
  const prompt = ['Hi', ' there\r', '\n']
  const document = (): ReturnType<typeof runPlaces> => runPlaces(prompt.join(''))

  it('are those of prompt and completion, and pieces of one character stand before it', () => {
    const places = document()
    places.update(fakeTokens(prompt, ['So', '', '', '😀', ' \n', 'two']))
    expect(places.columnsOn(0)).toEqual([0, 2, 9])
    expect(places.on(1)).toEqual([3, 4, 5, 6, 7])
    expect(places.at({ line: 1, column: 2 })).toEqual([4, 5, 6])
    expect(places.spanOf(6)).toEqual({ start: { line: 1, column: 2 }, end: { line: 1, column: 4 } })
    expect(places.resolve(1, 3)).toEqual({ position: { line: 1, column: 2 }, isLine: false, token: 4 })
  })

  it('answer the same however they came: one by one, at once, or after another branch', () => {
    const tokens = fakeTokens(prompt, ['a', '\n', '\n\n', 'b', ' c', '\n d', '', 'é', '.'])
    const other = fakeTokens(prompt, ['a', '\n', 'x\ny', '\n', 'z'])
    const [grown, whole, changed] = [document(), document(), document()]
    for (let end = 1; end <= tokens.length; end++) grown.update(tokens.slice(0, end))
    whole.update(tokens)
    changed.update(other)
    changed.update(tokens)
    const everything = (places: TokenPlaces): unknown => [0, 1, 2, 3, 4, 5, 6].map((line) => [
      places.on(line), places.columnsOn(line), places.resolve(line, null), [0, 1, 2, 3].map((column) => [places.at({ line, column }), places.resolve(line, column)]),
    ])
    expect(everything(grown)).toEqual(everything(whole))
    expect(everything(changed)).toEqual(everything(whole))
    changed.update(tokens.slice(0, 4))
    expect(changed.on(4)).toEqual([])
    const live: DebugToken[] = []
    const inPlace = document()
    for (const token of tokens) {
      live.push(token)
      inPlace.update(live)
    }
    expect(everything(inPlace)).toEqual(everything(whole))
  })

  it('find a place for a breakpoint as soon as there is text, and keep it', () => {
    const tokens = fakeTokens(prompt, ['a', '\n', '\n', 'b', ' c', '\n', 'd'])
    const places = document()
    const seen = tokens.map((_, index) => {
      places.update(tokens.slice(0, index + 1))
      const place = places.resolve(3, null)
      return place && places.reaches(index, place)
    })
    expect(seen).toEqual([null, null, null, null, null, null, true, false, false, false])
  })
})

it('agree with a look at every character, in 80 random files', () => {
  const random = randomNumbers(5)
  const pieces = ['a', ' b', '😀', '', '\n', '\r\n', '\n\n', ' \n  c', '\t', 'word', '\r\n\r\n', 'e\n']
  for (let round = 0; round < 80; round++) {
    const tokens = fakeTokens(Array.from({ length: 12 }, () => pieces[Math.floor(random() * pieces.length)]!))
    const text = tokens.map((token) => token.text).join('')
    const places = filePlaces(text, tokens)
    const lines = text.split(/\r\n|\n/)
    let start = 0
    lines.forEach((line, row) => {
      const covering = (offset: number): number[] => tokens.filter(({ range }) => (range.start <= offset && offset < range.end) || (range.start === range.end && range.start === offset)).map(({ index }) => index)
      for (let column = 0; column < line.length; column++) expect(places.at({ line: row, column }), JSON.stringify(text)).toEqual(covering(start + column))
      for (const token of tokens) {
        if (token.text === '') continue
        const span = places.spanOf(token.index)!
        if (token.range.start >= start && token.range.start <= start + line.length) expect(span.start).toEqual({ line: row, column: token.range.start - start })
        const visible = Math.min(token.range.end, start + line.length) - Math.max(token.range.start, start)
        if (visible > 0) expect(places.on(row)).toContain(token.index)
      }
      start += line.length + (text.startsWith('\r\n', start + line.length) ? 2 : 1)
    })
    // A branch that goes forward comes to every place that a breakpoint can have, and first with the token that it was given.
    for (let row = 0; row < lines.length; row++) {
      for (const column of [null, 0, 1, 2]) {
        const place = places.resolve(row, column)
        if (place) expect(tokens.filter(({ index }) => places.reaches(index, place)).map(({ index }) => index), JSON.stringify([text, row, column])).toEqual([place.token])
      }
    }
  }
})
