// The framing of the debug adapter protocol: messages come out whole, however the bytes arrive.
import { expect, test } from 'vitest'
import { createFrameReader, frameMessage } from '../../../../extension/debug/framing'

const messages = [{ seq: 1, text: 'für 月亮' }, { seq: 2 }, { seq: 3, text: 'x'.repeat(5000) }]

test.each([1, 7, 100_000])('messages come out whole when the bytes arrive in pieces of %i', (size) => {
  const bytes = Buffer.concat(messages.map(frameMessage))
  const read: unknown[] = []
  const reader = createFrameReader((message) => read.push(message))
  for (let at = 0; at < bytes.length; at += size) reader(bytes.subarray(at, at + size))
  expect(read).toEqual(messages)
})

test('the length counts bytes, not characters', () => {
  expect(frameMessage({ t: '月' }).toString('utf8')).toBe('Content-Length: 11\r\n\r\n{"t":"月"}')
})

test('other headers are passed over', () => {
  const read: unknown[] = []
  createFrameReader((message) => read.push(message))(Buffer.from('Content-Type: x\r\ncontent-length: 2\r\n\r\n{}'))
  expect(read).toEqual([{}])
})

test.each([['Nonsense: 1\r\n\r\n{}', /without its length/], ['x'.repeat(5000), /no message/]])('what is no message throws', (text, problem) => {
  expect(() => createFrameReader(() => undefined)(Buffer.from(text))).toThrow(problem)
})
