// What is remembered of stack frames, and whether a document has the text in which one stands.
import { expect, test } from 'vitest'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { createFrameBook, layerWords, placesOf, reaches, reachesInText } from '../../../../extension/debug/frameBook'

const frame = { id: 7, name: 'token 12 " moon"', source: { path: 'promptscope-run:/promptscope-run/a/x' }, line: 3, column: 5, endLine: 3, endColumn: 10 }
const response = (stackFrames: object[]): DebugProtocol.Response => ({ seq: 1, type: 'response', request_seq: 1, success: true, command: 'stackTrace', body: { stackFrames } })

test('a frame is found by its id, with its place', () => {
  const book = createFrameBook()
  book.note(response([frame]))
  expect(book.find(7)).toEqual({ frameId: 7, path: 'promptscope-run:/promptscope-run/a/x', line: 3, column: 5, endLine: 3, endColumn: 10, name: 'token 12 " moon"' })
  expect(book.find(8)).toBeUndefined()
})

test('frames without a source, other answers and refusals are passed over', () => {
  expect(placesOf({ stackFrames: [{ id: 1, name: 'x', line: 0, column: 0 }] })).toEqual([])
  expect(placesOf(undefined)).toEqual([])
  const book = createFrameBook()
  book.note({ ...response([frame]), command: 'threads' })
  book.note({ ...response([frame]), success: false })
  expect(book.find(7)).toBeUndefined()
})

test('a frame without an end is where it begins', () => {
  expect(placesOf({ stackFrames: [{ id: 1, name: 'x', source: { path: '/a' }, line: 2, column: 4 }] })).toMatchObject([{ endLine: 2, endColumn: 4 }])
})

test('a layer is known by the name of its frame', () => {
  expect(layerWords('layer 14')).toBe('layer 14')
  expect(layerWords('" layer 3" · token 9')).toBeNull()
})

test('long sessions keep only frames of late', () => {
  const book = createFrameBook()
  for (let id = 0; id < 5_000; id++) book.note(response([{ ...frame, id }]))
  expect(book.find(0)).toBeUndefined()
  expect(book.find(4_999)).toBeDefined()
})

test.each([
  [{ endLine: 1, endColumn: 4 }, 'abc', true],
  [{ endLine: 1, endColumn: 5 }, 'abc', false],
  [{ endLine: 2, endColumn: 1 }, 'abc', false],
  [{ endLine: 2, endColumn: 1 }, 'abc\n', true],
  [{ endLine: 2, endColumn: 2 }, 'abc\r\nd', true],
])('%j in %j: %s', (place, text, expected) => {
  expect(reachesInText(place, text)).toBe(expected)
})

test('a document is asked for lines from 0', () => {
  expect(reaches({ endLine: 2, endColumn: 3 }, (line) => (line === 1 ? 2 : null))).toBe(true)
})
